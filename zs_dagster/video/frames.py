"""What is known of a file's frames, and the frames themselves. Nothing here reads a file."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TIME_TOLERANCE_S = 1e-9
"""A frame starting this little after the time asked for counts as shown at that time."""


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """When each frame of one video stream is shown; found without decoding.

    Attributes:
        pts: Shape ``(N,)``, N >= 1, strictly increasing presentation times in ticks.
        key_pts: Shape ``(K,)``, increasing; the frames decoding can start from.
        end_pts: Where the last frame stops being shown, ticks.
        time_base: Seconds per tick as ``(numerator, denominator)``.
        stream_index: Which stream of the container.
        width: Pixels as shown, after rotation.
        height: Pixels as shown, after rotation.
        rotation: Degrees counter-clockwise from stored to shown: 0, 90, 180 or 270.
        seekable: Whether reading may jump to key frames, or must decode from the start.
        synthetic_time: The file's own times are missing, repeated or those of decoding, so
            that the k-th frame to come out of the decoder is shown at ``pts[k]``; where there
            are no usable times at all that is k over the average rate.
    """

    pts: IntArray
    key_pts: IntArray
    end_pts: int
    time_base: tuple[int, int]
    stream_index: int
    width: int
    height: int
    rotation: int
    seekable: bool
    synthetic_time: bool

    @property
    def n_frames(self) -> int:
        """The number of frames, as announced by the packets."""
        return int(self.pts.size)

    @property
    def duration_s(self) -> float:
        """Seconds from the start of the first frame to the end of the last."""
        return float(self.seconds(np.array([self.end_pts]))[0])

    @property
    def fps(self) -> float:
        """Average frames per second."""
        return self.n_frames / self.duration_s

    def seconds(self, pts: IntArray) -> FloatArray:
        """Convert ticks, any shape, to seconds from the first frame."""
        numerator, denominator = self.time_base
        seconds: FloatArray = (pts - self.pts[0]) * numerator / denominator
        return seconds

    def shown_at(self, times_s: FloatArray) -> IntArray:
        """Return the ticks of the frame shown at each time: the last to start by then.

        Args:
            times_s: Any shape, seconds from the first frame; before it, the first is given.

        Returns:
            The shape of ``times_s``, each a member of ``pts``.
        """
        starts = self.seconds(self.pts)
        after = np.searchsorted(starts, times_s + TIME_TOLERANCE_S, side="right")
        return self.pts[np.maximum(after - 1, 0)]


@dataclass(frozen=True, eq=False)
class Frames:
    """N frames in the order asked for.

    Attributes:
        rgb: Shape ``(N, H, W, 3)``, uint8, C-contiguous, rotated as shown.
        time_s: Shape ``(N,)``, when the frame given starts, seconds from the first frame.
        requested_s: Shape ``(N,)``, the time asked for, seconds from the first frame.
    """

    rgb: NDArray[np.uint8]
    time_s: FloatArray
    requested_s: FloatArray

    def __len__(self) -> int:
        return int(self.requested_s.size)
