"""EDL in the form of CMX 3600: one list per video, one event per segment.

An EDL says neither rate nor label. Timecode here is non-drop: it counts the frames of a steady
clock at the exact rate of the video, in seconds of ``ceil(rate)`` frames. Video and label are
comments in JSON, so that no character of theirs can end a line.
"""

import json
import math
import re
from collections.abc import Iterator
from fractions import Fraction

from zs_dagster.errors import InputError
from zs_dagster.exchange.frames import tick_seconds
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.names import safe_name
from zs_dagster.exchange.records import Corrections, Review, Segment, Video

MAX_EVENTS = 999
VIDEO, LABEL, SCORE = "* ZS VIDEO: ", "* ZS LABEL: ", "* ZS SCORE: "
EVENT = re.compile(r"^\d{3,}\s+\S+\s+\S+\s+\S+(?:\s+\d+)?\s+(\S+)\s+(\S+)\s+\S+\s+\S+\s*$")
# Non-drop only: with a semicolon numbers are left out, and the count would be another one.
TIMECODE = re.compile(r"^(\d+):(\d\d):(\d\d):(\d+)$")


def write(review: Review) -> dict[str, str]:
    """Return a file per video in which something was found.

    Raises:
        InputError: If a video has more segments than an EDL may have events.
    """
    found = {video: review.of(video) for video in review.videos}
    return {
        f"{safe_name(video.video_id)}.edl": _list(review, video, segments)
        for video, segments in found.items()
        if segments
    }


def _list(review: Review, video: Video, segments: list[Segment]) -> str:
    if len(segments) > MAX_EVENTS:
        raise InputError(
            f"an EDL holds at most {MAX_EVENTS} events, video '{video.video_id}' has "
            f"{len(segments)} segments; take fewer with --top or --min-score"
        )
    title = f"{review.dataset} {review.method} {safe_name(video.video_id)}"[:70]
    lines = [f"TITLE: {title}", "FCM: NON-DROP FRAME"]
    record = 0
    for count, segment in enumerate(segments, start=1):
        first, stop = video.clock.ticks(segment.start_s, segment.end_s)
        frames = (first, stop, record, record + stop - first)
        times = " ".join(_timecode(frame, video.clock.rate) for frame in frames)
        record = frames[3]
        lines += [
            f"{count:03d}  AX       V     C        {times}",
            f"* FROM CLIP NAME: {safe_name(video.path.name)}",
            f"{VIDEO}{json.dumps(video.video_id)}",
            f"{LABEL}{json.dumps(segment.label)}",
        ]
        lines += [] if segment.score is None else [f"{SCORE}{segment.score:.6g}"]
    return "\n".join(lines) + "\n"


def _timecode(frame: int, rate: Fraction) -> str:
    seconds, frames = divmod(frame, math.ceil(rate))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{frames:02d}"


def read(text: str, place: str, known: Known) -> Corrections:
    """Read the source times of every event; its label is the comment that follows it.

    Raises:
        InputError: If the video or a label is missing, or an entry breaks a rule.
    """
    lines = text.splitlines()
    named = {line.removeprefix(VIDEO) for line in lines if line.startswith(VIDEO)}
    if len(named) != 1:
        raise InputError(
            f"{place}: must name one video in comments '{VIDEO}\"...\"', names {len(named)}"
        )
    video = known.video(_text(named.pop(), place), place)
    rate = known.clock(video).rate
    found = Corrections()
    found.add(video)
    for number, times, label in _events(lines):
        spot = f"{place}:{number}"
        if label is None:
            raise InputError(
                f"{spot}: the event must be followed by a comment '{LABEL}\"...\"'"
            )
        first, stop = (_frame(time, rate, spot) for time in times)
        seconds = tick_seconds(rate, first, stop)
        found.add(video, [known.segment(video, _text(label, spot), seconds, spot)])
    return found


def _events(lines: list[str]) -> Iterator[tuple[int, tuple[str, str], str | None]]:
    """Yield line number, source times and label of each event."""
    starts = [i for i, line in enumerate(lines) if EVENT.match(line)]
    for i, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        match = EVENT.match(lines[i])
        labels = (line.removeprefix(LABEL) for line in lines[i:stop] if line.startswith(LABEL))
        if match:
            yield i + 1, (match[1], match[2]), next(labels, None)


def _frame(timecode: str, rate: Fraction, spot: str) -> int:
    match = TIMECODE.match(timecode)
    if match is None or int(match[4]) >= math.ceil(rate):
        raise InputError(
            f"{spot}: must be a non-drop timecode of {math.ceil(rate)} frames per second, "
            f"got '{timecode}'"
        )
    hours, minutes, seconds, frames = map(int, match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * math.ceil(rate) + frames


def _text(value: str, spot: str) -> str:
    try:
        text = json.loads(value)
    except ValueError:
        text = None
    if not isinstance(text, str):
        raise InputError(f"{spot}: must be a text in double quotes, got {value!r:.60}")
    return text
