"""The videos and labels of a dataset, found under the names that other tools give them."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from zs_dagster.errors import InputError
from zs_dagster.exchange.frames import FrameClock
from zs_dagster.exchange.records import Segment

# What Label Studio puts before the name of an uploaded file.
UPLOAD = re.compile(r"^[0-9a-f]{8}-")
MAX_SECONDS = 1e9


@dataclass(frozen=True, eq=False)
class Known:
    """A dataset as an import sees it.

    Attributes:
        dataset: Its name, for messages.
        video_ids: Its videos.
        labels: Its classes.
        clock: Returns the frames of one of its videos; asked only where a format counts frames.
    """

    dataset: str
    video_ids: frozenset[str]
    labels: frozenset[str]
    clock: Callable[[str], FrameClock]

    def video(self, name: str, place: str) -> str:
        """Return the id of the video that a file calls by a name, path or address.

        Raises:
            InputError: If there is none, or more than one; names it.
        """
        for spelling in _spellings(name):
            if spelling in self.video_ids:
                return spelling
        stems = {_stem(PurePosixPath(spelling).name) for spelling in _spellings(name)}
        found = sorted(i for i in self.video_ids if PurePosixPath(i).name in stems)
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(
                f"{place}: '{name}' may be {' or '.join(found)} of dataset '{self.dataset}'; "
                "write the id of the video"
            )
        raise InputError(
            f"{place}: dataset '{self.dataset}' has no video '{name}'"
            f"{_near(name, self.video_ids)}"
        )

    def label(self, label: object, place: str) -> str:
        """Return a label as it is.

        Raises:
            InputError: If the dataset does not have it.
        """
        if isinstance(label, str) and label in self.labels:
            return label
        raise InputError(
            f"{place}: dataset '{self.dataset}' has no class {label!r:.80}"
            f"{_near(str(label), self.labels)}"
        )

    def segment(
        self, video_id: str, label: object, times_s: tuple[float, float], place: str
    ) -> Segment:
        """Return a segment that keeps the rules.

        Raises:
            InputError: If its label is unknown or its times are not ``0 <= start < end``.
        """
        start_s, end_s = times_s
        if not (math.isfinite(end_s) and 0 <= start_s < end_s < MAX_SECONDS):
            raise InputError(
                f"{place}: a segment must satisfy 0 <= start < end, got "
                f"[{start_s:g}, {end_s:g}]"
            )
        return Segment(video_id, self.label(label, place), start_s, end_s)


def _spellings(name: str) -> Iterable[str]:
    """Yield what a name may stand for, the likeliest first."""
    yield name
    yield _stem(name)
    path = unquote(urlsplit(name).path)
    # Label Studio serves local files as `/data/local-files/?d=folder/name.mp4`.
    place = unquote(urlsplit(name).query).removeprefix("d=") or path
    for form in (path, place):
        yield _stem(form)
        yield _stem(UPLOAD.sub("", PurePosixPath(form).name))


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_suffix("")) if path.suffix else name


def _near(name: str, names: Iterable[str]) -> str:
    close = get_close_matches(name, list(names), 1)
    return f"; did you mean '{close[0]}'?" if close else "; correct it or leave it out"
