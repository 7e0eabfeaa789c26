"""The reference: one processor call and one model call per frame and question.

Slow and plain on purpose. The other modes are right where they agree with this one.
"""

from collections.abc import Sequence

import torch

from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.protocols import FrameArray


def naive_logits(backend: Backend, frame: FrameArray, question: str) -> torch.Tensor:
    """Return the logits of the first answer token, ``(V,)``, rounded as the model does."""
    model = backend.model
    inputs = backend.prompts.whole(frame, question).to(model.device, dtype=model.dtype)
    output = model(**inputs, use_cache=False, logits_to_keep=1)
    logits: torch.Tensor = output.logits[0, -1].float()
    return logits


def naive_log_odds(
    backend: Backend, frames: FrameArray, questions: Sequence[str]
) -> torch.Tensor:
    """Return log P(yes) - log P(no) of N frames and Q questions, ``(N, Q)``."""
    logits = [naive_logits(backend, frame, text) for frame in frames for text in questions]
    return backend.answers.log_odds(torch.stack(logits)).view(len(frames), len(questions))
