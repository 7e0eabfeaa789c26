"""How a benchmark turns ranked predictions into one number: a table, one row per protocol."""

from dataclasses import dataclass

from zs_dagster.errors import InputError


@dataclass(frozen=True)
class LocalizationProtocol:
    """Rules of one benchmark; what they have in common is in `average_precision`.

    Attributes:
        name: Key in `PROTOCOLS`.
        thresholds: Temporal IoUs at which a prediction counts as correct, in (0, 1].
        is_later_first: Order of equal scores: the later row first, as numpy's
            ``argsort()[::-1]`` does where it sorts stably; else by video, start and end.
        is_predicted_videos_only: Forget the ground truth of videos without predictions, if
            fewer videos have predictions than have ground truth. Flatters a method that
            stays silent; only for comparison with numbers obtained that way.
        source: Where the rules come from.

    Raises:
        InputError: If there is no threshold, or one is outside (0, 1].
    """

    name: str
    thresholds: tuple[float, ...]
    is_later_first: bool = False
    is_predicted_videos_only: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        if not self.thresholds or not all(0 < t <= 1 for t in self.thresholds):
            raise InputError(
                f"thresholds must be one or more numbers in (0, 1], got {self.thresholds}"
            )


_THUMOS_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)

PROTOCOLS: dict[str, LocalizationProtocol] = {
    protocol.name: protocol
    for protocol in (
        LocalizationProtocol(
            "activitynet",
            (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
            source="ActivityNet toolkit, eval_detection.py",
        ),
        LocalizationProtocol(
            "thumos14", _THUMOS_THRESHOLDS, source="THUMOS14 challenge, temporal detection"
        ),
        LocalizationProtocol(
            "zeal-paper",
            _THUMOS_THRESHOLDS,
            is_later_first=True,
            is_predicted_videos_only=True,
            source="the authors' code of ZEAL, arXiv:2410.14340",
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
