"""All questions of a frame in one forward: shared prefix, then every suffix side by side.

The mask hides the suffixes from each other and the positions start over for each, so every
question is answered as if it had been asked alone, at about the price of one.
"""

from collections.abc import Sequence

import torch

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.protocols import FrameArray


def packed_log_odds(
    backend: Backend, frames: FrameArray, questions: Sequence[str]
) -> torch.Tensor:
    """Return log P(yes) - log P(no) of N frames and Q questions, ``(N, Q)``.

    Raises:
        ModelError: If this model cannot run packed questions.
    """
    batch, plan = backend.prepare(frames, questions)
    # Gemma and PaliGemma mark their image with these, and let it attend in both directions.
    # The start-up check may miss that in half precision.
    if "token_type_ids" in batch:
        raise ModelError(
            f"packed questions need a causal decoder, and {backend.name} masks by token type; "
            "use mode 'prefix'"
        )
    hidden = backend.hidden(
        batch,
        plan.ids,
        plan.packed_positions,
        attention_mask=backend.mask(plan),
        use_cache=False,
    )
    return backend.log_odds(hidden[:, plan.answers])
