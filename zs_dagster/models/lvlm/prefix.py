"""The shared prefix once, its cache reused by every question.

Needs no mask of its own, so it also serves models whose layers carry a recurrent state.
"""

from collections.abc import Sequence
from copy import deepcopy

import torch
from transformers import DynamicCache

from zs_dagster.models.lvlm.backend import Backend, spread
from zs_dagster.models.lvlm.plan import Plan
from zs_dagster.models.lvlm.untyped import Cache
from zs_dagster.models.protocols import FrameArray

# Each row holds its own copy of the prefix cache, about 90 MB for a 7B model.
_MAX_ROWS = 64


def prefix_log_odds(
    backend: Backend, frames: FrameArray, questions: Sequence[str]
) -> torch.Tensor:
    """Return log P(yes) - log P(no) of N frames and Q questions, ``(N, Q)``.

    Raises:
        ModelError: If the questions of a frame cannot share its image.
    """
    batch, plan = backend.prepare(frames, questions)
    cache = DynamicCache(config=backend.model.config)
    size = len(plan.prefix)
    backend.hidden(
        batch,
        plan.ids[:size],
        plan.positions[..., :size],
        past_key_values=cache,
        use_cache=True,
    )
    step = max(1, _MAX_ROWS // len(frames))
    groups = [plan.suffixes[i : i + step] for i in range(0, len(plan.suffixes), step)]
    return torch.cat([_answer(backend, plan, cache, len(frames), g) for g in groups], dim=1)


def _answer(
    backend: Backend, plan: Plan, cache: Cache, count: int, suffixes: list[list[int]]
) -> torch.Tensor:
    """Continue the prefix of N frames with G suffixes each, ``(N, G)``."""
    device = plan.positions.device
    size, longest = len(plan.prefix), max(map(len, suffixes))
    # Padding goes to the right, where nothing that is read can see it.
    rows = [suffix + suffix[-1:] * (longest - len(suffix)) for suffix in suffixes]
    last = torch.tensor([len(suffix) - 1 for suffix in suffixes], device=device)
    branches = deepcopy(cache)
    branches.reorder_cache(torch.arange(count, device=device).repeat_interleave(len(rows)))
    hidden = backend.model.model(
        input_ids=torch.tensor(rows, device=device).repeat(count, 1),
        position_ids=spread(plan.positions[..., size : size + longest], count * len(rows)),
        past_key_values=branches,
        use_cache=True,
    ).last_hidden_state
    read = hidden[torch.arange(len(hidden), device=device), last.repeat(count)]
    return backend.log_odds(read).view(count, len(rows))
