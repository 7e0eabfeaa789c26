"""Scored segments as a table that a spreadsheet opens."""

import csv
import io
from pathlib import Path

from zs_dagster.files import write_text
from zs_dagster.segments import LabelledSegments

HEADER = ("video", "start_s", "end_s", "label", "score")


def write_csv(path: Path, found: LabelledSegments) -> None:
    """Write `video,start_s,end_s,label,score`, in the order given; seconds, half-open.

    The file is replaced as a whole.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    segments = found.segments
    for row in range(len(found.label)):
        numbers = (float(segments.start_s[row]), float(segments.end_s[row]))
        label, score = str(found.label[row]), float(segments.score[row])
        writer.writerow((str(found.video_id[row]), *numbers, label, score))
    write_text(path, text.getvalue())
