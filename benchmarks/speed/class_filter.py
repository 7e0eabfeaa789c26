"""The class filter of a video against a loop over its frames and classes, in CPU time.

The workload is ActivityNet's: 200 classes, 4,700 videos of 120 frames, features 512 wide as
from ViT-B/16, of which 8 frames are averaged and compared. The reference does what scripts do:
cosine of each frame with each class, frame by frame, then the mean, with numpy for the inner
product. The limit reads the features of the frames it needs once (memory bandwidth).

Usage: python benchmarks/speed/class_filter.py [--quick] [--json FILE].
"""

import numpy as np
from measured import Measured, cpu_s, exponent, main

from zs_dagster.localization.class_filter import (
    DEFAULT_FILTER_FRAMES,
    class_ranks,
    similarity_to_units,
    uniform_index,
)
from zs_dagster.segments import FloatArray
from zs_dagster.similarity import normalised

FRAMES, CLASSES, WIDTH = 120, 200, 512
TOP = 5


def measure(quick: bool) -> list[Measured]:
    """Time all videos, a part of them by the loop, and the growth with the videos."""
    rng = np.random.default_rng(0)
    count = 480 if quick else 1600
    videos = rng.normal(size=(count, FRAMES, WIDTH)).astype(np.float16)
    texts = rng.normal(size=(CLASSES, WIDTH)).astype(np.float32)
    units, few = normalised(texts), videos[:10]
    for video in few:
        ours = class_ranks(similarity_to_units(video, units))
        np.testing.assert_array_equal(ours, class_ranks(loop(video, texts)))
    grown = {
        n: cpu_s(lambda n=n: [candidates(v, units) for v in videos[: count * n // 16]])
        for n in (1, 4, 16)
    }
    reference = cpu_s(lambda: [loop(video, texts) for video in few], 1) / len(few) * count
    index = uniform_index(FRAMES, DEFAULT_FILTER_FRAMES)
    return [
        Measured(
            what=f"class filter: {count} videos, {CLASSES} classes, 8 frames of {FRAMES}",
            unit="CPU s",
            ours=grown[16],
            reference=reference,
            reference_is="a cosine per frame and class",
            limit=cpu_s(lambda: videos[:, index].mean(axis=1, dtype=np.float32) @ texts.T),
            limit_is="reading 8 frames and one product with the classes",
            goal="10 times the loop, linear",
            reached=grown[16] <= reference / 10 and exponent(grown) <= 1.15,
            growth=grown,
        )
    ]


def candidates(video: np.ndarray, units: np.ndarray) -> list[int]:
    """The classes a video may contain."""
    ranks = class_ranks(similarity_to_units(video, units))
    return np.flatnonzero(ranks <= TOP).tolist()


def loop(video: np.ndarray, texts: np.ndarray) -> FloatArray:
    """Mean over the frames of the cosine with each class, one by one."""
    frames = [video[i].astype(np.float64) for i in uniform_index(len(video), 8)]
    means = []
    for text in texts.astype(np.float64):
        length = np.linalg.norm(text)
        cosines = [float(frame @ text) / np.linalg.norm(frame) / length for frame in frames]
        means.append(sum(cosines) / len(cosines))
    return np.array(means)


if __name__ == "__main__":
    main("class_filter", __doc__ or "", measure)
