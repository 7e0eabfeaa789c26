"""All questions of a frame in one forward: shared prefix, then every suffix side by side.

The mask hides the suffixes from each other and the positions start over for each, so every
question is answered as if it had been asked alone, at about the price of one.
"""

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.batch import Batch, Scored


def packed_scores(backend: Backend, batch: Batch) -> Scored:
    """Score N frames and Q questions.

    Raises:
        ModelError: If this model cannot run packed questions.
    """
    inputs, plan = backend.prepared(batch)
    # Gemma and PaliGemma mark their image with these, and let it attend in both directions.
    # The start-up check may miss that in half precision.
    if "token_type_ids" in inputs:
        raise ModelError(
            f"packed questions need a causal decoder, and {backend.name} masks by token type; "
            "use mode 'two-step'"
        )
    hidden = backend.hidden(
        inputs,
        plan.ids,
        plan.packed_positions,
        attention_mask=backend.mask(plan),
        use_cache=False,
    )
    return backend.scored(hidden[:, plan.answers])
