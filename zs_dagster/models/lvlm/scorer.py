"""`TransformersScorer`: P(yes) for every frame and question, by the fastest safe mode."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Literal

import numpy as np
import torch

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.lvlm.ahead import one_ahead, one_late
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.batch import Batch
from zs_dagster.models.lvlm.forward import Forward, frame_size, names_the_frames
from zs_dagster.models.lvlm.memory import BatchSize
from zs_dagster.models.lvlm.mode_choice import ModeChoice
from zs_dagster.models.lvlm.modes import SCORES, Mode
from zs_dagster.models.lvlm.naive import naive_logits
from zs_dagster.models.lvlm.selection import CHECK_QUESTIONS, report_mass
from zs_dagster.models.lvlm.streams import to_host
from zs_dagster.models.lvlm.tokens import AnswerTokens
from zs_dagster.models.protocols import FeatureArray, FrameArray

Collect = Callable[[], FeatureArray]


class TransformersScorer:
    """A `YesNoScorer` around a transformers image-text-to-text model.

    P(yes) is the softmax over the yes and no logits of the first answer token
    (ZEAL, arXiv:2410.14340), read in one of four modes: ``packed`` (one forward for all
    questions of a batch of frames), ``two-step`` (the prefix, then all questions), ``prefix``
    (cached prefix), ``naive`` (one call per frame and question, the reference). Build it with
    `zs_dagster.models.lvlm.loading.load_scorer`.
    """

    def __init__(
        self,
        backend: Backend,
        fingerprint: str,
        *,
        batch_frames: int | None = None,
        mode: Mode | Literal["auto"] = "auto",
    ) -> None:
        """Wrap a loaded model.

        Args:
            backend: The model with its prompts and answer tokens.
            fingerprint: Digest of everything that shapes a score.
            batch_frames: Frames per forward, >= 1; as many as fit into free memory if not
                given. Memory against speed, never results.
            mode: ``auto`` checks the fast modes against ``naive`` on first use. Any other
                value is used unchecked.
        """
        if batch_frames is not None and batch_frames < 1:
            raise InputError(f"batch_frames must be >= 1, got {batch_frames}")
        if mode != "auto" and mode not in SCORES:
            raise InputError(f"mode must be one of {['auto', *SCORES]}, got {mode!r}")
        self._backend = backend
        self._fingerprint = fingerprint
        self._batch_size = BatchSize(backend, batch_frames)
        self._modes = ModeChoice(backend, None if mode == "auto" else mode)
        self._forward = Forward(backend, self._batch_size, self._modes)
        self._has_seen_frames = False

    @property
    def fingerprint(self) -> str:
        """Digest of weights, preprocessing, chat template, token policy and number type."""
        return self._fingerprint

    @property
    def spelled_answers(self) -> dict[str, dict[str, int]]:
        """Answer -> spelling -> token id: what counts as yes and as no."""
        tokens, spell = self._backend.answers, self._backend.prompts.text_of
        sides = {"yes": tokens.yes, "no": tokens.no}
        return {side: {spell(i): i for i in ids} for side, ids in sides.items()}

    @property
    def mode(self) -> Mode:
        """The mode in use; asking for it runs the start-up check if it has not run yet."""
        return self._modes.last().mode

    @property
    def mode_reason(self) -> str:
        """Why this mode: asked for, or what the start-up check measured."""
        return self._modes.last().reason

    @property
    def answers(self) -> AnswerTokens:
        """The token ids that count as yes and as no."""
        return self._backend.answers

    def answer_mass(self, frame: FrameArray) -> float:
        """Return the probability on yes or no, mean over the questions of the self-check.

        Args:
            frame: uint8 RGB, ``(1, H, W, 3)``.
        """
        with torch.inference_mode():
            logits = [naive_logits(self._backend, frame[0], text) for text in CHECK_QUESTIONS]
            return float(self.answers.mass(torch.stack(logits)).mean())

    def score(self, frames: FrameArray, questions: Sequence[str]) -> FeatureArray:
        """Return P(yes) of every question about every frame.

        Args:
            frames: uint8 RGB, ``(N, H, W, 3)``; all of one size.
            questions: Q final texts, as the model shall read them.

        Returns:
            float32 ``(N, Q)`` in ``[0, 1]``.

        Raises:
            InputError: If frames or questions break a rule above.
            ModelError: If the model's logits are not finite, one frame does not fit into
                memory, or the model cannot run the mode that was asked for.
        """
        [scores] = self.score_stream([frames], questions)
        return scores

    def score_stream(
        self, chunks: Iterable[FrameArray], questions: Sequence[str]
    ) -> Iterator[FeatureArray]:
        """Score chunk by chunk: the next frames are read and prepared while the model runs.

        At most two forward passes are ahead of the scores that come out. What ``chunks``
        raises comes out here. A forward takes frames of one chunk only, so give chunks of at
        least as many frames as a forward takes (a dozen, or one where images are large).

        Args:
            chunks: Frames as for `score`; the size may differ from chunk to chunk. Read in a
                thread, one chunk after the other.
            questions: As for `score`.

        Yields:
            For every chunk, in order, what `score` returns.

        Raises:
            InputError: As `score`.
            ModelError: As `score`.
        """
        self._backend.prompts.check(questions)
        return self._stream(chunks, tuple(questions))

    def _stream(
        self, chunks: Iterable[FrameArray], questions: Sequence[str]
    ) -> Iterator[FeatureArray]:
        parts: list[FeatureArray] = []
        with closing(one_ahead(self._batches(chunks, questions))) as batches:
            for batch, collect in one_late((each, self._launch(each)) for each in batches):
                parts.append(collect())
                if batch.ends_chunk:
                    yield np.concatenate(parts)
                    parts = []

    def _batches(
        self, chunks: Iterable[FrameArray], questions: Sequence[str]
    ) -> Iterator[Batch]:
        for frames in chunks:
            _check_frames(frames)
            if not len(frames) or not questions:
                yield Batch(frames, questions)
                continue
            with names_the_frames(self._backend, frames):
                step, at_once = self._batch_size.of(*frame_size(frames), questions)
            for start in range(0, len(frames), step):
                part = frames[start : start + step]
                is_whole, is_last = len(part) == step, start + step >= len(frames)
                yield self._prepared(Batch(part, questions, None, is_whole, is_last, at_once))

    def _prepared(self, batch: Batch) -> Batch:
        if self._modes.are_naive:
            return batch
        try:
            return self._backend.prepare(batch)
        except (ModelError, ValueError, torch.OutOfMemoryError):
            # Tried again where the model runs: split, in another mode, or to explain it.
            return batch

    def _launch(self, batch: Batch) -> Collect:
        """Start a forward, and say how to wait for its scores."""
        shape = (len(batch.frames), len(batch.questions))
        if 0 in shape:
            return lambda: np.zeros(shape, dtype=np.float32)
        scored = self._forward.run(batch)
        if not self._has_seen_frames:
            mass = self._backend.run(scored.mass, compiled=False)
            report_mass(self._backend, mass, is_real=True)
            self._has_seen_frames = True
        arrived = to_host(scored.log_odds)

        def collect() -> FeatureArray:
            log_odds = arrived()
            _check_finite(log_odds, self._backend.name)
            scores: FeatureArray = log_odds.sigmoid().numpy()
            return scores

        return collect


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
