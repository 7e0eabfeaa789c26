"""Which mode to trust: the fastest that reproduces the naive reference on this model."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.batch import Batch
from zs_dagster.models.lvlm.modes import FAST_MODES, SCORES, Mode
from zs_dagster.models.lvlm.naive import naive_logits
from zs_dagster.models.protocols import FrameArray

logger = logging.getLogger(__name__)

CHECK_QUESTIONS = (
    "Is it day? Only answer yes or no.",
    "This is a frame from a video of high jump. Is the athlete in the air? "
    "Only answer yes or no.",
    "This is a frame from a video of golf swing. Is the person standing still next to the "
    "ball, before the club starts to move back? Only answer yes or no.",
)

_TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-4}
_HALF_TOLERANCE = 2e-2
_MIN_MASS = 0.5
# What a model that cannot run a mode raises; anything else is a bug and must be seen.
_UNSUITED = (ModelError, RuntimeError, ValueError, TypeError, AttributeError, LookupError)


@dataclass(frozen=True)
class Choice:
    """A mode, and in one sentence why it and no faster one is used."""

    mode: Mode
    reason: str


def choose_mode(
    backend: Backend, height: int, width: int, order: Sequence[Mode] = FAST_MODES
) -> Choice:
    """Compare the fast modes with the reference on two synthetic frames.

    Args:
        backend: The model to check.
        height: Frame height in pixels; use the size that is going to be scored.
        width: Frame width in pixels.
        order: The modes to try, the fastest first.
    """
    frames = synthetic_frames(height, width)
    logits = _reference(backend, frames)
    report_mass(backend, float(backend.answers.mass(logits).mean()), is_real=False)
    reference = backend.answers.log_odds(logits).view(len(frames), -1)
    if not reference.isfinite().all():
        raise ModelError(f"logits must be finite, got NaN or infinity from {backend.name}")
    tolerance = max(
        _tolerance(backend.model.dtype, logits[:, backend.answers.ids]),
        _noise(backend, frames, reference),
    )
    failures: list[str] = []
    for mode in order:
        verdict = _compare(backend, mode, frames, reference, tolerance)
        if backend.compiled and not (verdict.agrees or backend.compiled.is_given_up):
            backend.compiled.give_up(verdict.text)
            verdict = _compare(backend, mode, frames, reference, tolerance)
        if verdict.agrees:
            return Choice(mode, "; ".join([*failures, verdict.text]))
        failures.append(verdict.text)
        logger.warning("%s does not run in mode '%s': %s", backend.name, mode, verdict.text)
    return Choice("naive", "; ".join(failures))


def synthetic_frames(height: int, width: int) -> FrameArray:
    """Draw two different frames with structure, uint8 ``(2, H, W, 3)``, always the same."""
    noise = np.random.default_rng(0).integers(0, 64, (2, height, width, 3))
    ramp = np.linspace(0, 191, width)[None, :, None] * np.linspace(0, 1, height)[:, None, None]
    frames = np.stack([ramp + noise[0], 191 - ramp + noise[1]])
    return frames.astype(np.uint8)


@dataclass(frozen=True)
class _Verdict:
    agrees: bool
    text: str


def _compare(
    backend: Backend,
    mode: Mode,
    frames: FrameArray,
    reference: torch.Tensor,
    tolerance: float,
) -> _Verdict:
    try:
        batch = Batch(frames, CHECK_QUESTIONS)
        found = backend.run(lambda: SCORES[mode](backend, batch)).log_odds
    except _UNSUITED as error:
        return _Verdict(False, f"{mode} failed with {type(error).__name__}: {error}")
    agrees = agree(found, reference, tolerance)
    word = "agrees with" if agrees else "differs from"
    difference = float((found.sigmoid() - reference.sigmoid()).abs().max())
    odds = float((found - reference).abs().max())
    text = f"{mode} {word} naive by {difference:.1e} in P(yes), {odds:.1e} in log-odds"
    return _Verdict(agrees, f"{text}, tolerance {tolerance:.1e}")


def agree(found: torch.Tensor, reference: torch.Tensor, tolerance: float) -> bool:
    """Say whether two sets of log-odds give P(yes) within a tolerance, and more.

    Where the model is sure, P(yes) is flat and agrees with anything. The log-odds are
    compared instead: the sigmoid is at most 1/4 steep, so four times the tolerance bounds
    P(yes) everywhere and still sees a difference between 0.9999 and 0.99999.
    """
    return bool(((found - reference).abs() <= 4 * tolerance).all())


def _tolerance(dtype: torch.dtype, answers: torch.Tensor) -> float:
    """Largest harmless difference in P(yes).

    The reference rounds its logits to the model's number type, which moves the log-odds by
    up to ``eps * |logit|`` and P(yes) by a quarter of that; the fast modes do not round.
    """
    rounding = torch.finfo(dtype).eps * float(answers.abs().max()) / 4
    return _TOLERANCE.get(dtype, _HALF_TOLERANCE) + rounding


def _reference(backend: Backend, frames: FrameArray) -> torch.Tensor:
    """Logits of all frames and questions, ``(N * Q, V)``."""
    return torch.stack(
        [naive_logits(backend, frame, text) for frame in frames for text in CHECK_QUESTIONS]
    )


def _noise(backend: Backend, frames: FrameArray, reference: torch.Tensor) -> float:
    """Twice what the last bit of the pixels moves P(yes) by, in the steepest case.

    In half precision any such change makes all layers round otherwise, so that the reference
    moves by as much as it errs. A mode that errs no more is as good as the reference. In full
    precision nothing rounds visibly, and nothing is allowed for.
    """
    if backend.model.dtype in _TOLERANCE:
        return 0.0
    flipped = np.random.default_rng(1).integers(0, 2, frames.shape, dtype=np.uint8) ^ frames
    moved = backend.answers.log_odds(_reference(backend, flipped)).view_as(reference)
    noise = 2 * float((moved - reference).abs().max()) / 4
    return noise if np.isfinite(noise) else 0.0


def report_mass(backend: Backend, mass: float, *, is_real: bool) -> None:
    """Log how much of the probability of the first answer token is on yes or no.

    On real frames a low mass is worth a warning; nobody knows what to say to noise.
    """
    kind = "real" if is_real else "synthetic"
    logger.info(
        "%s puts %.3f of its probability on yes or no (%s frames)", backend.name, mass, kind
    )
    if is_real and mass < _MIN_MASS:
        logger.warning(
            "%s puts only %.3f of its probability on yes or no as first answer token; "
            "its scores compare two unlikely words. Check the chat template and the tokens",
            backend.name,
            mass,
        )
