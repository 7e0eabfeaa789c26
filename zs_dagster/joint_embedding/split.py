"""Parts of the data that share no video."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zs_dagster.digests import digest
from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.captioned import IntArray


@dataclass(frozen=True, eq=False)
class Parts:
    """Segments of each part, ascending.

    Attributes:
        train: Gives the gradient.
        validation: Chooses the epoch.
        test: Is measured at the end; may be empty.
    """

    train: IntArray
    validation: IntArray
    test: IntArray


def split_by_video(
    video: Sequence[str], validation_share: float, test_share: float, seed: int
) -> Parts:
    """Split segments so that all of a video are in one part.

    The order of videos by a digest of seed and id decides, so neither the order of segments
    nor the number of segments of a video does.

    Args:
        video: N video ids, one per segment.
        validation_share: Of the videos; at least two are taken.
        test_share: Of the videos; at least two are taken, or none if it is 0.
        seed: Of the split.

    Raises:
        InputError: If there are too few videos.
    """
    order = sorted(set(video), key=lambda one: digest(seed, one))
    validation = max(2, round(validation_share * len(order)))
    test = max(2, round(test_share * len(order))) if test_share else 0
    if len(order) < validation + test + 2:
        raise InputError(
            f"training needs at least {validation + test + 2} videos with captions, to train "
            f"on 2, choose by {validation} and test on {test}; got {len(order)}"
        )
    ends = validation, validation + test
    part_of = {one: int(np.searchsorted(ends, n, "right")) for n, one in enumerate(order)}
    part = np.array([part_of[one] for one in video])
    chosen, tested, trained = (np.flatnonzero(part == number) for number in range(3))
    return Parts(trained, chosen, tested)
