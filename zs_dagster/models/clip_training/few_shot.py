"""Base-to-novel: few clips of each base class to train on, both halves to test on.

Source: the protocol of ViFi-CLIP (arXiv:2212.03640), with 16 clips per class and three draws.
The published lists are its authors' own draws; these are others, from the same base classes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zs_dagster.errors import InputError

SEEDS = (1, 2, 3)


def few_shots(labels: Mapping[str, str], shots: int, seed: int) -> tuple[str, ...]:
    """Draw ``shots`` videos of each class.

    Seed and class decide a draw, with the videos of that class: neither the order in which they
    are given nor the other classes do.

    Args:
        labels: Label by video id.
        shots: Videos per class, >= 1.
        seed: Of the draw.

    Returns:
        Video ids, by class and then by name.

    Raises:
        InputError: If a class has too few videos.
    """
    if shots < 1:
        raise InputError(f"shots must be >= 1, got {shots}")
    drawn: list[str] = []
    for label in sorted(set(labels.values())):
        videos = sorted(video for video, of in labels.items() if of == label)
        if len(videos) < shots:
            raise InputError(
                f"class '{label}' must have at least {shots} clips, got {len(videos)}"
            )
        places = _generator(seed, label).choice(len(videos), shots, replace=False)
        drawn += [videos[place] for place in sorted(places)]
    return tuple(drawn)


def harmonic_mean(base: float, novel: float) -> float:
    """Return ``2bn / (b + n)``, 0 where both are 0.

    Raises:
        InputError: If a value is negative or not finite.
    """
    for value in (base, novel):
        if not (np.isfinite(value) and value >= 0):
            raise InputError(f"accuracies must be finite and >= 0, got {value}")
    return 2 * base * novel / (base + novel) if base + novel else 0.0


@dataclass(frozen=True)
class BaseToNovel:
    """Accuracies over the draws; those of printed tables are the first three.

    Attributes:
        base: Mean over the draws.
        novel: Mean over the draws.
        harmonic_mean: Of the two means.
        mean_harmonic_mean: Mean of each draw's own; differs a little.
    """

    base: float
    novel: float
    harmonic_mean: float
    mean_harmonic_mean: float


def base_to_novel(base: Sequence[float], novel: Sequence[float]) -> BaseToNovel:
    """Summarise accuracies, one of each half per draw and in one order.

    Raises:
        InputError: If the numbers of draws differ, or are 0.
    """
    if not base or len(base) != len(novel):
        raise InputError(
            f"base and novel must have one accuracy per draw, got {len(base)} and {len(novel)}"
        )
    means = float(np.mean(base)), float(np.mean(novel))
    own = [harmonic_mean(b, n) for b, n in zip(base, novel, strict=True)]
    return BaseToNovel(*means, harmonic_mean(*means), float(np.mean(own)))


def _generator(seed: int, label: str) -> np.random.Generator:
    name = hashlib.blake2b(f"{seed}\0{label}".encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(name, "little"))
