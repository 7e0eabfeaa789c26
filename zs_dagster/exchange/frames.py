"""Seconds and frame numbers of one video, for formats that count frames.

Frames are counted from 0 here, as half-open ranges; each format adds its own convention.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from zs_dagster.segments import FloatArray

# A time this little after the start of a frame is that start: floats, not measurements.
TOLERANCE_S = 1e-6
FrameRange = tuple[int, int]


@dataclass(frozen=True, eq=False)
class FrameClock:
    """When each frame of a video is shown, and the steady clock that players count by.

    With a constant rate both agree. With a variable one, `shown` counts the frames there are,
    and `ticks` what a player counts that multiplies the time by the rate.

    Attributes:
        rate: Frames per second as the container says, exact: 30000/1001, not 29.97.
        time_s: Shape ``(N,)``, N >= 1, increasing; start of each frame, seconds from the first.
        end_s: Where the last frame ends, seconds.
    """

    rate: Fraction
    time_s: FloatArray
    end_s: float

    @property
    def is_constant(self) -> bool:
        """Whether frame k is shown within half a frame of k over the rate."""
        expected = np.arange(self.time_s.size)
        return bool(np.all(np.abs(self.time_s * float(self.rate) - expected) < 0.5))

    def shown(self, start_s: float, end_s: float) -> FrameRange:
        """Return the frames that begin within ``[start_s, end_s)``, the first and the stop.

        Where none does, it is the one frame shown at the start. Both ends are less than a frame
        away, and a start or end of a frame is met exactly.
        """
        starts = self.time_s + TOLERANCE_S
        first, stop = (int(np.searchsorted(starts, time, "left")) for time in (start_s, end_s))
        if first < stop:
            return first, stop
        before = max(int(np.searchsorted(starts - 2 * TOLERANCE_S, start_s, "right")) - 1, 0)
        return before, before + 1

    def seconds(self, first: int, stop: int) -> tuple[float, float]:
        """Return when some of its frames begin and end; numbers beyond the video are cut."""
        edges = np.append(self.time_s, self.end_s)
        last = edges.size - 1
        return float(edges[min(max(first, 0), last)]), float(edges[min(max(stop, 0), last)])

    def ticks(self, start_s: float, end_s: float) -> FrameRange:
        """Do as `shown` for frames that begin at k over the rate, as far as the video goes."""
        first, stop = (_ceil(min(time, self.end_s), self.rate) for time in (start_s, end_s))
        if first < stop:
            return first, stop
        time_s = min(start_s, self.end_s - 2 * TOLERANCE_S)
        before = max(math.floor((time_s + TOLERANCE_S) * self.rate), 0)
        return before, before + 1


def tick_seconds(rate: Fraction | float, first: float, stop: float) -> tuple[float, float]:
    """Return when ticks of a steady clock begin and end, seconds."""
    return float(first / rate), float(stop / rate)


def _ceil(time_s: float, rate: Fraction) -> int:
    return max(math.ceil((time_s - TOLERANCE_S) * rate), 0)
