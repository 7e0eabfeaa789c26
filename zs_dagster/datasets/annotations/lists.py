"""The video lists of UCF101 and HMDB51: three official divisions into training and test."""

from pathlib import Path

from zs_dagster.datasets.annotations.records import Annotation, Annotations
from zs_dagster.datasets.annotations.text import fields_of, files_in, text_of
from zs_dagster.errors import DatasetError

HMDB51_LISTS = {"0": "", "1": "train", "2": "test"}


def read_ucf101(folder: Path) -> Annotations:
    """Read ``testlist0N.txt`` and ``trainlist0N.txt``: ``Class/v_Class_g01_c01.avi`` lines."""
    lists: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    for path in files_in(folder, "t*list0?.txt", "lists such as testlist01.txt"):
        name = path.stem.replace("list0", "")
        for number, line in enumerate(text_of(path).splitlines(), start=1):
            label, slash, file = (line.split() or [""])[0].partition("/")
            if line.strip() and not (slash and label and file):
                raise DatasetError(
                    f"{path}:{number}: a line must be 'Class/video.avi', got '{line:.60}'"
                )
            if line.strip():
                video = f"{label}/{Path(file).stem}"
                labels[video] = label
                lists.setdefault(video, []).append(name)
    return _gathered(labels, lists)


def read_hmdb51(folder: Path) -> Annotations:
    """Read ``<class>_test_splitN.txt``: ``video.avi 0|1|2`` lines; 1 is training, 2 is test."""
    lists: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    for path in files_in(folder, "*_test_split?.txt", "lists such as wave_test_split1.txt"):
        label, _, split = path.stem.rpartition("_test_split")
        for place, (file, use) in fields_of(path, 2, "video.avi 0|1|2"):
            if use not in HMDB51_LISTS:
                raise DatasetError(f"{place}: the last field must be 0, 1 or 2, got '{use}'")
            video = f"{label}/{Path(file).stem}"
            labels[video] = label
            named = lists.setdefault(video, [])
            if HMDB51_LISTS[use]:
                named.append(f"{HMDB51_LISTS[use]}{split}")
    return _gathered(labels, lists)


def _gathered(labels: dict[str, str], lists: dict[str, list[str]]) -> Annotations:
    found = Annotations()
    for video, label in sorted(labels.items()):
        found.add(Annotation(video, label, subsets=tuple(sorted(lists[video]))))
    return found
