"""THUMOS14: a file per class and subset, ``<Class>_test.txt`` with ``video start end`` lines.

Source: TH14_Temporal_annotations_{validation,test}.zip of the THUMOS challenge 2014. Its
``Ambiguous_*.txt`` names stretches nobody scores; they are kept apart.
"""

from pathlib import Path

from zs_dagster.datasets.annotations.records import Annotation, Annotations, VideoFacts
from zs_dagster.datasets.annotations.text import fields_of, files_in, number

SUBSETS = {"test": "test", "val": "validation"}
AMBIGUOUS = "Ambiguous"


def read_thumos14(folder: Path) -> Annotations:
    """Read the class files of a folder and of the folders in it."""
    found = Annotations()
    for path in files_in(folder, "**/*_*.txt", "files such as BaseballPitch_test.txt"):
        label, _, short = path.stem.rpartition("_")
        if short not in SUBSETS or not label:
            continue
        subset = SUBSETS[short]
        for place, (video, start, end) in fields_of(path, 3, "video start_s end_s"):
            span = (number(start, place), number(end, place))
            row = Annotation(video, label, *span, (subset,))
            if label == AMBIGUOUS:
                found.ambiguous.append(row)
                found.videos.setdefault(video, VideoFacts(subset=subset))
            else:
                found.add(row, VideoFacts(subset=subset))
    return found
