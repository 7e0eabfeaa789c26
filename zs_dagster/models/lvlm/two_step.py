"""The shared prefix under the model's own causal mask, then all suffixes in one packed pass.

A packed forward brings its own mask, and a kernel that is given one computes the upper half
of every attention matrix as well. Here only the suffixes come with a mask, of S rows instead
of P + S, and the long prefix takes the causal kernel. Nothing of the cache is copied.
"""

from transformers import DynamicCache

from zs_dagster.models.lvlm.backend import Backend, spread
from zs_dagster.models.lvlm.batch import Batch, Scored


def two_step_scores(backend: Backend, batch: Batch) -> Scored:
    """Score N frames and Q questions.

    Raises:
        ModelError: If this model cannot run packed questions.
    """
    inputs, plan = backend.prepared(batch)
    size, count = len(plan.prefix), len(batch.frames)
    mask = backend.mask(plan, start=size)
    # Not told of sliding windows, the cache keeps the whole prefix; the mask knows of them.
    cache = DynamicCache()
    start = {"past_key_values": cache, "use_cache": True}
    backend.hidden(inputs, plan.ids[:size], plan.positions[..., :size], **start)
    hidden = backend.model.model(
        input_ids=plan.ids[size:].expand(count, -1),
        position_ids=spread(plan.packed_positions[..., size:], count),
        attention_mask=mask,
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state
    return backend.scored(hidden[:, plan.answers - size])
