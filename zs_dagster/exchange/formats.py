"""Which formats there are, and what they write and read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zs_dagster.exchange import (
    activitynet,
    csv_table,
    edl,
    fiftyone,
    label_studio,
    otio,
    via3,
)
from zs_dagster.exchange.known import Known
from zs_dagster.exchange.records import Corrections, Review

Files = Mapping[str, str]


@dataclass(frozen=True)
class Format:
    """One way to hand segments over.

    Attributes:
        write: Returns the text of a file, or the files of a folder by name.
        read: Takes the text of a file, its place for messages, and the dataset.
        files: Pattern of the files to read in a folder; empty where a file is written.
        has_empty_videos: Whether it can say that nothing happens in a video.
    """

    write: Callable[[Review], str] | Callable[[Review], dict[str, str]]
    read: Callable[[str, str, Known], Corrections]
    files: str = ""
    has_empty_videos: bool = True


FORMATS: Mapping[str, Format] = {
    "activitynet": Format(activitynet.write, activitynet.read),
    "csv": Format(csv_table.write, csv_table.read, has_empty_videos=False),
    "label-studio": Format(label_studio.write, label_studio.read, "tasks.json"),
    "fiftyone": Format(fiftyone.write, fiftyone.read, "labels.json"),
    "via3": Format(via3.write, via3.read),
    "otio": Format(otio.write, otio.read),
    "edl": Format(edl.write, edl.read, "*.edl", has_empty_videos=False),
}
