"""From a dataset's annotation source to what it says, whatever its format."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from zs_dagster.datasets.annotations.activitynet import read_activitynet
from zs_dagster.datasets.annotations.lists import read_hmdb51, read_ucf101
from zs_dagster.datasets.annotations.records import Annotation, Annotations
from zs_dagster.datasets.annotations.tables import read_csv, read_kinetics
from zs_dagster.datasets.annotations.thumos14 import read_thumos14
from zs_dagster.datasets.sources import AnnotationSource
from zs_dagster.errors import DatasetError

READERS: Mapping[str, Callable[[Path], Annotations]] = {
    "activitynet": read_activitynet,
    "csv": read_csv,
    "hmdb51": read_hmdb51,
    "kinetics": read_kinetics,
    "thumos14": read_thumos14,
    "ucf101": read_ucf101,
}


def read_annotations(
    source: AnnotationSource | None, video_ids: Iterable[str] = ()
) -> Annotations:
    """Read the ground truth of a dataset.

    Args:
        source: Format, place and subset; none gives no annotations.
        video_ids: The videos of the dataset, for the format ``folders``, in which the label of
            a video is the folder it lies in.

    Raises:
        DatasetError: If a file is missing or malformed; names file and line or entry.
    """
    if source is None:
        return Annotations()
    if source.format == "folders":
        return _from_folders(video_ids)
    found = READERS[source.format](source.path)
    return found if source.subset is None else _of_subset(found, source.subset, source.path)


def _from_folders(video_ids: Iterable[str]) -> Annotations:
    found = Annotations()
    for video_id in video_ids:
        label, slash, _ = video_id.partition("/")
        if slash:
            found.add(Annotation(video_id, label))
    return found


def _of_subset(found: Annotations, subset: str, path: Path) -> Annotations:
    """Keep what belongs to a subset: rows by their lists, videos by their own."""
    rows = [row for row in found.rows if subset in row.subsets]
    named = {row.video_id for row in rows}
    videos = {v: f for v, f in found.videos.items() if f.subset == subset or v in named}
    ambiguous = [row for row in found.ambiguous if subset in row.subsets]
    if not videos:
        known = sorted({s for row in found.rows for s in row.subsets})
        raise DatasetError(
            f"{path}: nothing is in subset '{subset}'; it names {', '.join(known) or 'none'}"
        )
    return replace(found, rows=rows, videos=videos, ambiguous=ambiguous)
