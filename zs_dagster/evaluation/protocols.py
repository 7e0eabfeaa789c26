"""How a benchmark turns ranked predictions into one number: a table, one row per protocol."""

import math
from dataclasses import dataclass
from typing import Literal

from zs_dagster.errors import InputError

TruthVideos = Literal["all", "predicted-if-fewer", "listed"]


@dataclass(frozen=True)
class LocalizationProtocol:
    """Rules of one benchmark; what they have in common is in `average_precision`.

    Attributes:
        name: Key in `PROTOCOLS`.
        thresholds: Temporal IoUs at which a prediction counts as correct, in (0, 1].
        is_later_first: Order of equal scores: the later row first, as numpy's
            ``argsort()[::-1]`` does where it sorts stably; else by video, start and end.
        truth_videos: Whose ground truth counts. ``all``: that of every video.
            ``predicted-if-fewer``: of the videos with predictions, if they are fewer than
            those with ground truth. ``listed``: of the videos the method was run on. The last
            two flatter a method that stays silent.
        repeat_s: Forget ground truth whose start and end are both within so many seconds of an
            earlier segment of the video and class; None keeps repeats.
        min_truth_s: Forget ground truth that is shorter, seconds.
        blocked: Videos that count on neither side.
        counts_absent_classes: A class whose ground truth was all forgotten is an average
            precision of 0; else it is in no mean.
        percent_decimals: Decimals of a percentage to which the average precision of each class
            is rounded before any mean; None keeps it.
        source: Where the rules come from.

    Raises:
        InputError: If there is no threshold, or one is outside (0, 1].
    """

    name: str
    thresholds: tuple[float, ...]
    is_later_first: bool = False
    truth_videos: TruthVideos = "all"
    repeat_s: float | None = None
    min_truth_s: float = 0.0
    blocked: tuple[str, ...] = ()
    counts_absent_classes: bool = False
    percent_decimals: int | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if not self.thresholds or not all(0 < t <= 1 for t in self.thresholds):
            raise InputError(
                f"thresholds must be one or more numbers in (0, 1], got {self.thresholds}"
            )


_THUMOS_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
_LONGER_THAN_NOTHING = math.ulp(0.0)

PROTOCOLS: dict[str, LocalizationProtocol] = {
    protocol.name: protocol
    for protocol in (
        LocalizationProtocol(
            "activitynet",
            (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
            source="ActivityNet toolkit, eval_detection.py",
        ),
        LocalizationProtocol(
            "activitynet-3",
            (0.5, 0.75, 0.95),
            source="thresholds of T3AL and ZEAL on ActivityNet; rules as activitynet",
        ),
        LocalizationProtocol(
            "thumos14", _THUMOS_THRESHOLDS, source="THUMOS14 challenge, temporal detection"
        ),
        LocalizationProtocol(
            "zeal-paper",
            _THUMOS_THRESHOLDS,
            is_later_first=True,
            truth_videos="predicted-if-fewer",
            source="josaklil-ai/zeal, run.py and helpers/eval.py; arXiv:2410.14340",
        ),
        LocalizationProtocol(
            "t3al",
            _THUMOS_THRESHOLDS,
            is_later_first=True,
            truth_videos="listed",
            counts_absent_classes=True,
            percent_decimals=1,
            source="benedettaliberatori/T3AL, src/evaluate.py; arXiv:2404.05426",
        ),
        LocalizationProtocol(
            "opentad",
            _THUMOS_THRESHOLDS,
            is_later_first=True,
            repeat_s=1e-3,
            min_truth_s=_LONGER_THAN_NOTHING,
            blocked=("video_test_0000270", "video_test_0001292"),
            source="sming256/OpenTAD, opentad/evaluations/mAP.py and builder.py",
        ),
        LocalizationProtocol(
            "actionformer",
            _THUMOS_THRESHOLDS,
            is_later_first=True,
            repeat_s=1e-3,
            min_truth_s=1e-3,
            source="happyharrycn/actionformer_release, libs/utils/metrics.py",
        ),
    )
}


def get_protocol(name: str) -> LocalizationProtocol:
    """Look a protocol up by name.

    Raises:
        InputError: If there is none of that name.
    """
    if name not in PROTOCOLS:
        raise InputError(f"protocol must be one of {', '.join(PROTOCOLS)}, got {name!r}")
    return PROTOCOLS[name]
