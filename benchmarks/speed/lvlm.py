"""Scoring modes of one LVLM against one call per frame, class and question.

Random weights in real shapes. The reference prepares the image anew for every call and
computes one row of logits (`logits_to_keep=1`), as a careful loop does; a plain forward
computes all and is slower. All modes score the same frames with the same model and must agree.
On a CPU the clock is the CPU time of the process and one thread computes; on a GPU it is the
wall. Rounds go through all modes in turn, and the least of each counts. FLOPs are counted by
torch.utils.flop_counter; the limit is the time they would take at the rate of a large matrix
product on the same machine.

Usage: python benchmarks/speed/lvlm.py [--quick] [--json FILE].
"""

import logging
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from clock import Clock, flops, gemm_rate
from lvlm_shapes import LARGE, SMALL, build
from measured import Measured, main

from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.modes import FAST_MODES, Mode
from zs_dagster.models.lvlm.scorer import TransformersScorer

MOMENTS = (
    ("high jump", "the athlete plants the foot and leaves the ground in front of the bar"),
    ("high jump", "the athlete has fallen behind the bar and lies on the soft blue mat"),
    ("golf swing", "the person stands next to the ball before the club starts to move back"),
    ("golf swing", "the club has come to rest behind the shoulder after the ball has left"),
    ("diving", "the diver stands at the very end of the board with both arms stretched"),
    ("diving", "the diver has gone under the water and only some white splash is left"),
)
QUESTIONS = [
    f"This is a frame from a video of {name}. Is this the moment when {what}? "
    "Only answer yes or no."
    for name, what in MOMENTS
]
PARITY = 1e-4


@dataclass(frozen=True)
class Run:
    """What was timed: how many frames, questions and rounds, and frames of the reference."""

    frames: int
    questions: int
    rounds: int
    reference_frames: int


def measured(title: str, backend: Backend, run: Run) -> Measured:
    """Time all modes on the same frames, in turn, and check that they agree."""
    model = backend.model
    device, dtype = model.device.type, model.dtype
    clock, questions = Clock(device), QUESTIONS[: run.questions]
    frames = np.random.default_rng(0).integers(
        0, 256, (run.frames, 384, 384, 3), dtype=np.uint8
    )
    few = frames[: run.reference_frames]
    modes: tuple[Mode, ...] = ("naive", *FAST_MODES)
    scorers = {m: TransformersScorer(backend, "benchmark", mode=m) for m in modes}
    shown = {m: few if m == "naive" else frames for m in modes}
    works = {m: lambda m=m: scorers[m].score(shown[m], questions) for m in modes}
    scores = {mode: work() for mode, work in works.items()}  # Warms up as well.
    agreed = agreement(backend, few, questions, {m: s[: len(few)] for m, s in scores.items()})
    ours = TransformersScorer(backend, "benchmark")
    ours.score(frames[:1], questions)
    took: dict[Mode, list[float]] = {mode: [] for mode in modes}
    rates = []
    for _ in range(run.rounds):
        rates.append(gemm_rate(clock, device, dtype))
        for mode, work in works.items():
            took[mode].append(clock.seconds(work) / len(shown[mode]))
    counts = {m: flops(lambda m=m: scorers[m].score(few, questions)) / len(few) for m in modes}
    least = {mode: min(values) for mode, values in took.items()}
    unit = "wall s" if clock.is_gpu else "CPU s"
    limit = counts[ours.mode] / max(rates)
    return Measured(
        what=f"yes or no to a frame of 384x384: {title}",
        unit=f"{unit} a frame",
        ours=least[ours.mode],
        reference=least["naive"],
        reference_is="one call per frame and question",
        limit=limit,
        limit_is="its FLOPs at the rate of a large matrix product",
        goal="on a GPU at most twice the limit",
        reached=least[ours.mode] <= 2 * limit if clock.is_gpu else None,
        details={
            "image_tokens": backend.image_tokens(384, 384, questions[0]),
            **agreed,
            **asdict(run),
            "batch_frames": scorers[ours.mode]._batch_size.of(384, 384, questions).frames,
            "mode": ours.mode,
            "gemm_gflop_per_s": max(rates) / 1e9,
            "modes": {mode: of_mode(mode, least, counts, max(rates)) for mode in modes},
        },
    )


def agreement(
    backend: Backend, frames: np.ndarray, questions: list[str], scores: dict[Mode, np.ndarray]
) -> dict[str, Any]:
    """Say how far modes are apart; in half precision, how far each is from float32.

    Half precision moves the reference as well: a mode may err up to twice as much as that.
    """
    apart = max(float(np.abs(found - scores["naive"]).max()) for found in scores.values())
    said: dict[str, Any] = {"largest_difference_of_p_yes": apart}
    if backend.model.dtype == torch.float32:
        if apart > PARITY:
            raise SystemExit(f"modes must agree, differ by {apart:.1e}")
        return said
    full = Backend(deepcopy(backend.model).float(), backend.prompts, backend.answers)
    exact = TransformersScorer(full, "benchmark", mode="naive").score(frames, questions)
    errors = {m: float(np.sqrt(((s - exact) ** 2).mean())) for m, s in scores.items()}
    if max(errors.values()) > 2 * errors["naive"]:
        raise SystemExit(f"modes must be as exact as the reference, have errors {errors}")
    return {**said, "rms_error_of_p_yes_to_float32": errors}


def of_mode(
    mode: Mode, least: dict[Mode, float], counts: dict[Mode, float], rate: float
) -> dict[str, float]:
    """Put time and FLOPs of a frame in a mode into relation to the reference and the rate."""
    return {
        "s_per_frame": least[mode],
        "speedup_over_reference": least["naive"] / least[mode],
        "flop_model_speedup": counts["naive"] / counts[mode],
        "gflop_per_frame": counts[mode] / 1e9,
        "share_of_gemm_rate": counts[mode] / least[mode] / rate,
    }


def measure(quick: bool) -> list[Measured]:
    """Small models on a CPU; the real sizes where there is a GPU."""
    logging.disable()  # Random weights say neither yes nor no.
    if torch.cuda.is_available():
        return [case for title in LARGE for case in on_gpu(title, quick=quick)]
    torch.set_num_threads(1)
    rounds, frames = (2, 1) if quick else (5, 2)
    backends = {tokens: build(shape, "cpu", torch.float32) for tokens, shape in SMALL.items()}
    return [
        measured(
            f"{tokens} image tokens, {asked} questions",
            backend,
            Run(frames, asked, rounds, frames),
        )
        for tokens, backend in backends.items()
        for asked in (2, 6)
    ]


def on_gpu(title: str, *, quick: bool) -> list[Measured]:
    """Time one of the large models in bfloat16, and give its memory back."""
    backend = build(LARGE[title], "cuda", torch.bfloat16)
    frames, rounds = (24, 1) if quick else (64, 2)
    try:
        return [
            measured(f"{title}, {asked} questions", backend, Run(frames, asked, rounds, 2))
            for asked in (2, 6)
        ]
    finally:
        del backend
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main("lvlm", __doc__ or "", measure)
