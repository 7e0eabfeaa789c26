"""`TransformersScorer`: P(yes) for every frame and question, by the fastest safe mode."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Literal

import numpy as np
import torch

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.selection import SCORES, Choice, Mode, choose_mode
from zs_dagster.models.protocols import FeatureArray, FrameArray

DEFAULT_BATCH_FRAMES = 16

# Size of the synthetic frames when nothing has been scored yet, pixels.
_CHECK_HEIGHT, _CHECK_WIDTH = 240, 320


class TransformersScorer:
    """A `YesNoScorer` around a transformers image-text-to-text model.

    P(yes) is the softmax over the yes and no logits of the first answer token
    (ZEAL, arXiv:2410.14340), read in one of three modes: ``packed`` (one forward for all
    questions of a batch of frames), ``prefix`` (cached prefix), ``naive`` (one call per frame
    and question, the reference). Build it with `zs_dagster.models.lvlm.loading.load_scorer`.
    """

    def __init__(
        self,
        backend: Backend,
        fingerprint: str,
        *,
        batch_frames: int = DEFAULT_BATCH_FRAMES,
        mode: Mode | Literal["auto"] = "auto",
    ) -> None:
        """Wrap a loaded model.

        Args:
            backend: The model with its prompts and answer tokens.
            fingerprint: Digest of everything that shapes a score.
            batch_frames: Frames per forward, >= 1; memory against speed, never results.
            mode: ``auto`` checks the fast modes against ``naive`` on first use. Any other
                value is used unchecked.
        """
        if batch_frames < 1:
            raise InputError(f"batch_frames must be >= 1, got {batch_frames}")
        if mode != "auto" and mode not in SCORES:
            raise InputError(f"mode must be one of {['auto', *SCORES]}, got {mode!r}")
        self._backend = backend
        self._fingerprint = fingerprint
        self._batch_frames = batch_frames
        self._asked = mode
        self._check_size = (_CHECK_HEIGHT, _CHECK_WIDTH)

    @property
    def fingerprint(self) -> str:
        """Digest of weights, preprocessing, chat template, token policy and number type."""
        return self._fingerprint

    @property
    def mode(self) -> Mode:
        """The mode in use; asking for it runs the start-up check if it has not run yet."""
        return self._choice.mode

    @property
    def mode_reason(self) -> str:
        """Why this mode: asked for, or what the start-up check measured."""
        return self._choice.reason

    def score(self, frames: FrameArray, questions: Sequence[str]) -> FeatureArray:
        """Return P(yes) of every question about every frame.

        Args:
            frames: uint8 RGB, ``(N, H, W, 3)``; all of one size.
            questions: Q final texts, as the model shall read them.

        Returns:
            float32 ``(N, Q)`` in ``[0, 1]``.

        Raises:
            InputError: If frames or questions break a rule above.
            ModelError: If the model's logits are not finite, it runs out of memory, or it
                cannot run the mode that was asked for.
        """
        _check_frames(frames)
        self._backend.prompts.check(questions)
        if not len(frames) or not len(questions):
            return np.zeros((len(frames), len(questions)), dtype=np.float32)
        self._check_size = (frames.shape[1], frames.shape[2])
        log_odds = self._log_odds(frames, questions)
        _check_finite(log_odds, self._backend.name)
        scores: FeatureArray = log_odds.sigmoid().numpy()
        return scores

    def score_stream(
        self, chunks: Iterable[FrameArray], questions: Sequence[str]
    ) -> Iterator[FeatureArray]:
        """Score chunks of frames as they come: one array ``(N, Q)`` per chunk, in order."""
        for frames in chunks:
            yield self.score(frames, questions)

    @cached_property
    def _choice(self) -> Choice:
        if self._asked != "auto":
            return Choice(self._asked, "asked for, not checked")
        with torch.inference_mode():
            return choose_mode(self._backend, *self._check_size)

    def _log_odds(self, frames: FrameArray, questions: Sequence[str]) -> torch.Tensor:
        step, size = self._batch_frames, f"{frames.shape[1]}x{frames.shape[2]}"
        batches = [frames[i : i + step] for i in range(0, len(frames), step)]
        try:
            run = SCORES[self.mode]
            with torch.inference_mode():
                return torch.cat([run(self._backend, b, questions) for b in batches]).cpu()
        except torch.OutOfMemoryError as error:
            raise ModelError(
                f"scoring must fit into memory, got none left for {self._backend.name} with "
                f"{len(batches[0])} frames of {size} and {len(questions)} questions; "
                "lower batch_frames or the frame size"
            ) from error
        except ValueError as error:
            # Some processors count other image tokens than their model for odd sizes.
            raise ModelError(
                f"{self._backend.name} must read frames of {size}, and refused: {error}; "
                "use another frame size"
            ) from error


def _check_frames(frames: FrameArray) -> None:
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3:
        raise InputError(
            f"frames must be uint8 of shape (N, H, W, 3), got {frames.dtype} {frames.shape}"
        )


def _check_finite(log_odds: torch.Tensor, name: str) -> None:
    broken = int((~log_odds.isfinite()).sum())
    if broken:
        raise ModelError(
            f"logits must be finite, got NaN or infinity from {name} in {broken} of "
            f"{log_odds.numel()} scores; use another dtype, or check the weights"
        )
