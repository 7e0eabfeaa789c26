"""`Proposals`, what every localizer returns for one class in one video."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InvalidSegmentsError
from zs_dagster.segments import FloatArray, Segments

IndexArray = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Proposals:
    """N scored segments of one class in one video, best first.

    Attributes:
        segments: N segments by decreasing score; equal scores by start, then end.
        samples: Shape ``(N, 2)``, first and last sample of each, both inclusive.
        reason: Why there are none, as a sentence for people; None where there are some.

    Raises:
        InvalidSegmentsError: If the columns differ in length.
    """

    segments: Segments
    samples: IndexArray
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.samples.shape != (len(self.segments), 2):
            raise InvalidSegmentsError(
                f"samples must have shape ({len(self.segments)}, 2), got {self.samples.shape}"
            )

    def __len__(self) -> int:
        return len(self.segments)

    @classmethod
    def none(cls, reason: str) -> "Proposals":
        """No proposals, and why."""
        return cls(Segments.from_rows([]), np.zeros((0, 2), dtype=np.intp), reason)

    @classmethod
    def ranked(
        cls, samples: IndexArray, score: FloatArray, start_of: FloatArray, end_of: FloatArray
    ) -> "Proposals":
        """Sort and place in time N intervals of samples.

        Args:
            samples: Shape ``(N, 2)``, inclusive first and last samples, any order.
            score: Shape ``(N,)``.
            start_of: Shape ``(T,)``, seconds at which a segment starts that begins there.
            end_of: Shape ``(T,)``, seconds at which a segment ends whose last sample it is.
        """
        order = np.lexsort((samples[:, 1], samples[:, 0], -score))
        first, last = samples[order].T
        segments = Segments(start_of[first], end_of[last], score[order])
        return cls(segments, samples[order])
