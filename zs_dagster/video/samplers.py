"""Frame samplers by name, over what is known of a video.

A sampler returns sorted, distinct indices, ``min(n, T)`` of them (``fps`` may give fewer), and
is deterministic. Those that look at the video agree with ``uniform_center`` where nothing
changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zs_dagster.errors import InputError
from zs_dagster.video.adaptive import (
    arc_length_indices,
    feature_change,
    k_centre_indices,
    mixed_indices,
    peak_indices,
    scene_indices,
    uniform_indices,
)
from zs_dagster.video.frames import FloatArray, IntArray
from zs_dagster.video.index_sampling import jitter_indices, linspace_indices, rate_indices


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of a video before its frames are chosen.

    Attributes:
        n_frames: T, >= 1.
        fps: Frames per second, > 0; only ``fps`` asks.
        video_id: The video; only ``jitter`` asks.
        seed: Of the run; likewise.
        features: Shape ``(T, D)``, of an image encoder.
        motion: Shape ``(T,)``, as `adaptive.motion` finds it in thumbnails.
        cuts: First frames of the shots after the first, as `scene_cuts` finds them.
        confidence: Shape ``(T,)``, best class probability of each frame.

    Raises:
        InputError: If there is no frame, or evidence is of another number of frames.
    """

    n_frames: int
    fps: float = 0.0
    video_id: str = ""
    seed: int = 0
    features: FloatArray | None = None
    motion: FloatArray | None = None
    cuts: Sequence[int] | None = None
    confidence: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.n_frames < 1:
            raise InputError(f"there must be >= 1 frame, got {self.n_frames}")
        for name in ("features", "motion", "confidence"):
            column = getattr(self, name)
            if column is not None and len(column) != self.n_frames:
                raise InputError(
                    f"{name} must have one row for each of {self.n_frames} frames, got "
                    f"{len(column)}"
                )
        places = [0, *(self.cuts or ()), self.n_frames]
        if self.cuts and (np.diff(places) <= 0).any():
            raise InputError(
                f"cuts must ascend and lie in 1 … {self.n_frames - 1}, got {list(self.cuts)}"
            )


@dataclass(frozen=True)
class Sampler:
    """One way to choose.

    Attributes:
        needs: Field of `Evidence` it reads; none if empty.
        source: What that is computed from: ``nothing``, ``features``, ``thumbnails``, or
            ``class texts``, with which the choice depends on the list of classes.
        choose: Evidence and number of samples to indices.
    """

    needs: str
    source: str
    choose: Callable[[Evidence, int], IntArray]


def _of(needs: str, source: str, choose: Callable[[FloatArray, int], IntArray]) -> Sampler:
    return Sampler(needs, source, lambda evidence, n: choose(getattr(evidence, needs), n))


def _free(choose: Callable[[Evidence, int], IntArray]) -> Sampler:
    return Sampler("", "nothing", choose)


SAMPLERS: Mapping[str, Sampler] = {
    "uniform_center": _free(lambda e, n: uniform_indices(e.n_frames, n)),
    "uniform_linspace": _free(lambda e, n: linspace_indices(e.n_frames, n)),
    "jitter": _free(
        lambda e, n: jitter_indices(e.n_frames, n, seed=e.seed, video_id=e.video_id)
    ),
    "scene": Sampler(
        "cuts", "thumbnails", lambda e, n: scene_indices(e.cuts or (), e.n_frames, n)
    ),
    "motion": _of("motion", "thumbnails", arc_length_indices),
    "motion_peaks": _of("motion", "thumbnails", peak_indices),
    "arc_length": _of(
        "features", "features", lambda x, n: arc_length_indices(feature_change(x), n)
    ),
    "k_centre": _of("features", "features", k_centre_indices),
    # What is equally sure everywhere has no peaks.
    "query_aware": _of("confidence", "class texts", lambda x, n: peak_indices(x - x.min(), n)),
}


def sampler(name: str) -> Sampler:
    """Return the sampler of a name.

    Args:
        name: A key of `SAMPLERS`; ``fps:RATE``, that many frames per second and at most ``n``;
            or ``mixed:NAME``, half uniform and half by one that looks at the video.

    Raises:
        InputError: If it is none of these.
    """
    kind, _, rest = name.partition(":")
    if kind == "fps":
        return _rate(name, rest)
    if kind == "mixed" and rest in SAMPLERS and SAMPLERS[rest].needs:
        return _mixed(SAMPLERS[rest])
    if name not in SAMPLERS:
        adaptive = ", ".join(key for key, known in SAMPLERS.items() if known.needs)
        raise InputError(
            f"sampler must be one of {', '.join(SAMPLERS)}, fps:RATE, or mixed:NAME with NAME "
            f"one of {adaptive}; got '{name}'"
        )
    return SAMPLERS[name]


def sample(name: str, evidence: Evidence, n: int) -> IntArray:
    """Choose at most ``n`` frames of a video.

    Args:
        name: As for `sampler`.
        evidence: What is known of the video.
        n: Samples, >= 1.

    Returns:
        Indices in 0 … T-1.

    Raises:
        InputError: If the name is unknown, ``n`` is below 1, or evidence is missing.
    """
    chosen = sampler(name)
    if n < 1:
        raise InputError(f"there must be >= 1 sample, got {n}")
    if chosen.needs and getattr(evidence, chosen.needs) is None:
        raise InputError(
            f"sampler '{name}' needs {chosen.needs}, from {chosen.source}; got none"
        )
    return chosen.choose(evidence, n)


def _rate(name: str, text: str) -> Sampler:
    try:
        rate = float(text)
    except ValueError:
        rate = np.nan
    if not 0 < rate < np.inf:
        raise InputError(f"sampler fps:RATE must have a finite number > 0, got '{name}'")
    return _free(lambda e, n: rate_indices(e.n_frames, n, fps=e.fps, rate=rate))


def _mixed(adaptive: Sampler) -> Sampler:
    def choose(evidence: Evidence, n: int) -> IntArray:
        picked = adaptive.choose(evidence, n)
        # Where nothing changes there is nothing to mix in.
        if np.array_equal(picked, uniform_indices(evidence.n_frames, n)):
            return picked
        return mixed_indices(picked, evidence.n_frames, n)

    return Sampler(adaptive.needs, adaptive.source, choose)
