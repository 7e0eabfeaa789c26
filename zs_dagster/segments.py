"""`Segments`, the one currency of localization and evaluation, and how segments overlap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InvalidSegmentsError

FloatArray = NDArray[np.float64]
StringArray = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Segments:
    """N scored time intervals, half-open, as parallel columns.

    Attributes:
        start_s: Shape ``(N,)``, seconds from the first displayed frame.
        end_s: Shape ``(N,)``, seconds; ``end_s >= start_s``.
        score: Shape ``(N,)``, unitless confidence; higher is better. 1 for ground truth.

    Raises:
        InvalidSegmentsError: If the columns break any rule above.
    """

    start_s: FloatArray
    end_s: FloatArray
    score: FloatArray

    def __post_init__(self) -> None:
        shapes = {c: getattr(self, c).shape for c in ("start_s", "end_s", "score")}
        if len(set(shapes.values())) != 1 or self.start_s.ndim != 1:
            raise InvalidSegmentsError(f"columns must share one shape (N,), got {shapes}")
        for column in ("start_s", "end_s", "score"):
            is_finite = np.isfinite(getattr(self, column))
            if not is_finite.all():
                broken = np.flatnonzero(~is_finite)
                value = getattr(self, column)[broken[0]]
                raise InvalidSegmentsError(
                    f"{column} must be finite, got {value} in segment {broken[0]}; "
                    f"{broken.size} of {len(self)} segments are not finite"
                )
        backwards = np.flatnonzero(self.end_s < self.start_s)
        if backwards.size:
            i = int(backwards[0])
            raise InvalidSegmentsError(
                f"segment {i} ends before it starts "
                f"(start_s={self.start_s[i]:g}, end_s={self.end_s[i]:g}); "
                f"{backwards.size} of {len(self)} segments are backwards"
            )

    def __len__(self) -> int:
        return int(self.start_s.size)

    @classmethod
    def from_rows(cls, rows: Sequence[tuple[float, float, float]]) -> "Segments":
        """Build from ``(start_s, end_s, score)`` rows; no rows give an empty value."""
        columns = np.asarray(rows, dtype=np.float64).reshape(-1, 3).T
        return cls(columns[0].copy(), columns[1].copy(), columns[2].copy())

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "Segments":
        """Select rows by integer index or boolean mask, in the order given."""
        if _is_all(index, len(self)):
            return self
        return Segments(self.start_s[index], self.end_s[index], self.score[index])


@dataclass(frozen=True, eq=False)
class LabelledSegments:
    """N segments of many videos and classes: ground truth, or predictions.

    Attributes:
        video_id: Shape ``(N,)``, strings.
        label: Shape ``(N,)``, the exact class label of the dataset.
        segments: N segments, row by row.

    Raises:
        InvalidSegmentsError: If the columns differ in length.
    """

    video_id: StringArray
    label: StringArray
    segments: Segments

    def __post_init__(self) -> None:
        lengths = (self.video_id.size, self.label.size, len(self.segments))
        if len(set(lengths)) != 1:
            raise InvalidSegmentsError(
                f"video_id, label and segments must have one length, got {lengths}"
            )

    def __len__(self) -> int:
        return len(self.segments)

    @classmethod
    def from_rows(
        cls, rows: Sequence[tuple[str, str, float, float, float]]
    ) -> "LabelledSegments":
        """Build from ``(video_id, label, start_s, end_s, score)`` rows."""
        return cls(
            np.array([row[0] for row in rows], dtype=np.str_),
            np.array([row[1] for row in rows], dtype=np.str_),
            Segments.from_rows([row[2:] for row in rows]),
        )

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "LabelledSegments":
        """Select rows by integer index or boolean mask, in the order given."""
        if _is_all(index, len(self)):
            return self
        return LabelledSegments(
            self.video_id[index], self.label[index], self.segments.take(index)
        )


def _is_all(index: NDArray[np.intp] | NDArray[np.bool_], size: int) -> bool:
    """Say whether a mask selects everything: a copy would hold as much memory again."""
    return index.dtype == np.bool_ and index.size == size and bool(index.all())


def tiou(
    start_s: FloatArray | float,
    end_s: FloatArray | float,
    other_start_s: FloatArray,
    other_end_s: FloatArray,
) -> FloatArray:
    """Temporal intersection over union, broadcast over its arguments.

    Args:
        start_s: Starts, seconds; any shape that broadcasts with the others.
        end_s: Ends, seconds.
        other_start_s: Starts of the other side, seconds.
        other_end_s: Ends of the other side, seconds.

    Returns:
        The broadcast shape, in ``[0, 1]``. Two empty intervals overlap by 0, not NaN.
    """
    inter = np.minimum(end_s, other_end_s) - np.maximum(start_s, other_start_s)
    inter = np.maximum(inter, 0.0)
    union = np.asarray((end_s - start_s) + (other_end_s - other_start_s) - inter)
    overlap: FloatArray = np.divide(inter, union, out=np.zeros_like(union), where=union > 0)
    return overlap
