"""What is known of one class in one video: all that a localizer may read."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from zs_dagster.segments import FloatArray


@dataclass(frozen=True, eq=False, slots=True)
class ClassScores:
    """Scores of one class in one video, T samples.

    Attributes:
        video_id: The video.
        label: The class.
        is_candidate: Whether the class passed the filter.
        is_known: Whether the class is in the ground truth of the video.
        time_s: Shape ``(T,)``, presentation times, seconds.
        confidence: Shape ``(T, 2)``, P(yes) of start and end question.
        actionness: Shape ``(T,)``, cosine of frame and description.
        end_s: End of the last sample's span, seconds.
        features: Shape ``(T, D)``, CLIP features of the frames after projection,
            un-normalised; the same array for all classes of a video.
        text: Shape ``(D,)``, CLIP feature of the description, un-normalised.
        middle: Shape ``(T,)``, P(yes) of the middle question; None where nobody asked it.
    """

    video_id: str
    label: str
    is_candidate: bool
    is_known: bool
    time_s: FloatArray
    confidence: FloatArray
    actionness: FloatArray
    end_s: float
    features: NDArray[Any]
    text: NDArray[Any]
    middle: FloatArray | None = None
