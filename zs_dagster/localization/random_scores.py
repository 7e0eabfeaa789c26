"""Baseline that knows nothing: uniform scores that are the same in every run."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zs_dagster.errors import InputError
from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.localizer import EachClass, Localizer
from zs_dagster.localization.parameters import PRESETS, ZealParameters
from zs_dagster.localization.proposals import Proposals
from zs_dagster.localization.zeal import localize_classes
from zs_dagster.segments import FloatArray


def random_scores(
    num_samples: int, *, seed: int, video_id: str, label: str
) -> tuple[FloatArray, FloatArray]:
    """Draw the scores of one class in one video.

    They depend on nothing but the arguments, so neither the order of the videos nor what was
    computed before changes them.

    Args:
        num_samples: T, >= 0.
        seed: Any whole number >= 0.
        video_id: The video.
        label: The class.

    Returns:
        Confidence ``(T, 2)`` and actionness ``(T,)``, both uniform in [0, 1).

    Raises:
        InputError: If ``num_samples`` or ``seed`` is negative.
    """
    if num_samples < 0 or seed < 0:
        raise InputError(
            f"num_samples and seed must be >= 0, got num_samples={num_samples}, seed={seed}"
        )
    name = f"{len(video_id)}:{video_id}{label}".encode()
    digest = hashlib.blake2b(name, digest_size=16).digest()
    generator = np.random.default_rng([seed, int.from_bytes(digest, "little")])
    return generator.random((num_samples, 2)), generator.random(num_samples)


def localize_randomly(
    classes: Sequence[ClassScores], parameters: ZealParameters, seed: int
) -> list[Proposals]:
    """Find segments by the steps of ZEAL in random scores; reads ids and times alone."""
    return localize_classes([_drawn(scores, seed) for scores in classes], parameters)


def _drawn(scores: ClassScores, seed: int) -> ClassScores:
    confidence, actionness = random_scores(
        len(scores.time_s), seed=seed, video_id=scores.video_id, label=scores.label
    )
    return replace(scores, confidence=confidence, actionness=actionness)


RANDOM = Localizer(
    "ZEAL",
    PRESETS,
    lambda parameters, seed: EachClass(
        lambda classes: localize_randomly(classes, parameters, seed)
    ),
)
