"""The reference: one processor call and one model call per frame and question.

Slow and plain on purpose. The other modes are right where they agree with this one.
"""

import torch

from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.batch import Batch, Scored
from zs_dagster.models.protocols import FrameArray


def naive_logits(backend: Backend, frame: FrameArray, question: str) -> torch.Tensor:
    """Return the logits of the first answer token, ``(V,)``, rounded as the model does."""
    model = backend.model
    inputs = backend.prompts.whole(frame, question).to(model.device, dtype=model.dtype)
    output = model(**inputs, use_cache=False, logits_to_keep=1)
    logits: torch.Tensor = output.logits[0, -1].float()
    return logits


def naive_scores(backend: Backend, batch: Batch) -> Scored:
    """Score N frames and Q questions in N * Q calls."""
    each = [naive_logits(backend, f, q) for f in batch.frames for q in batch.questions]
    logits = torch.stack(each).view(len(batch.frames), len(batch.questions), -1)
    log_odds = backend.answers.log_odds(logits)
    return Scored(log_odds, lambda: float(backend.answers.mass(logits[0]).mean()))
