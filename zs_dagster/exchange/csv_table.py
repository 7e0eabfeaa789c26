"""A table that a spreadsheet opens: ``video,start_s,end_s,label,score``."""

import csv
import io
import math
import re

from zs_dagster.errors import InputError
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.records import Corrections, Review

HEADER = ("video", "start_s", "end_s", "label", "score")
NEEDED = HEADER[:4]
# What a spreadsheet would compute instead of show. An apostrophe before it makes it a text.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def write(review: Review) -> str:
    """Write one row per segment, best first in each video; seconds, half-open."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(
        (_shown(s.video_id), s.start_s, s.end_s, _shown(s.label), s.score)
        for s in review.segments
    )
    return text.getvalue()


def read(text: str, place: str, known: Known) -> Corrections:
    """Read rows; further columns are ignored.

    Raises:
        InputError: If a column is missing or a row breaks a rule; names the line.
    """
    # Line ends inside a quoted label are part of it, so the text is not split before.
    rows = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise InputError(f"{place}:1: the header must have the columns {','.join(NEEDED)}")
    found = Corrections()
    try:
        for row in rows:
            spot = f"{place}:{rows.line_num}"
            if not all(row[name] for name in NEEDED):
                raise InputError(f"{spot}: {', '.join(NEEDED)} must not be empty")
            video = known.video(_named(row["video"]), spot)
            times = (_seconds(row["start_s"], spot), _seconds(row["end_s"], spot))
            found.add(video, [known.segment(video, _named(row["label"]), times, spot)])
    except csv.Error as error:
        raise InputError(f"{place}:{rows.line_num}: not usable CSV: {error}") from error
    return found


def _shown(name: str) -> str:
    """Write a name so that no spreadsheet takes it for a formula."""
    return f"'{name}" if FORMULA.match(name) else name


def _named(text: str) -> str:
    """Return the name that `_shown` wrote."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def _seconds(text: str, spot: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise InputError(f"{spot}: must be a finite number of seconds, got '{text}'")
    return seconds
