"""The shared prefix once, its cache reused by every question.

Needs no mask of its own, so it also serves models whose layers carry a recurrent state.
"""

from copy import deepcopy

import torch
from transformers import DynamicCache

from zs_dagster.models.lvlm.backend import Backend, spread
from zs_dagster.models.lvlm.batch import Batch, Scored
from zs_dagster.models.lvlm.plan import Plan
from zs_dagster.models.lvlm.untyped import Cache

# Each row holds its own copy of the prefix cache, about 90 MB for a 7B model.
MAX_ROWS = 64


def prefix_scores(backend: Backend, batch: Batch) -> Scored:
    """Score N frames and Q questions.

    Raises:
        ModelError: If the questions of a frame cannot share its image.
    """
    inputs, plan = backend.prepared(batch)
    cache = DynamicCache(config=backend.model.config)
    size, count = len(plan.prefix), len(batch.frames)
    start = {"past_key_values": cache, "use_cache": True}
    backend.hidden(inputs, plan.ids[:size], plan.positions[..., :size], **start)
    suffixes = plan.suffixes[: len(batch.questions)]
    step = max(1, MAX_ROWS // count)
    groups = [suffixes[i : i + step] for i in range(0, len(suffixes), step)]
    hidden = [_answers(backend, plan, cache, count, group) for group in groups]
    return backend.scored(torch.cat(hidden, dim=1))


def _answers(
    backend: Backend, plan: Plan, cache: Cache, count: int, suffixes: list[list[int]]
) -> torch.Tensor:
    """Continue the prefix of N frames with G suffixes: hidden states ``(N, G, D)``."""
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
    read: torch.Tensor = hidden[torch.arange(len(hidden), device=device), last.repeat(count)]
    return read.view(count, len(rows), -1)
