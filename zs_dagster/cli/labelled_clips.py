"""The clips of a dataset as training takes them: chosen, found, probed and read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zs_dagster.datasets.annotations.reading import read_annotations
from zs_dagster.datasets.catalogue import check_sources, where_to_put
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.files import find_videos
from zs_dagster.datasets.sources import GeneratedVideos
from zs_dagster.digests import digest
from zs_dagster.errors import DatasetError, InputError, VideoError
from zs_dagster.progress import track

if TYPE_CHECKING:
    from zs_dagster.video.decoders import Decoders


@dataclass(frozen=True)
class Clip:
    """One labelled video that can be read.

    Attributes:
        path: The file.
        label: Exact class label.
        duration_s: Length, seconds.
        content_hash: Digest of all bytes.
        backend: Library that reads its frames.
    """

    path: Path
    label: str
    duration_s: float
    content_hash: str
    backend: str


def labels_of(dataset: Dataset, classes: Sequence[str], subset: str | None) -> dict[str, str]:
    """Return the label by video id, of the videos of some classes.

    Args:
        dataset: With one label per video.
        classes: Labels that count; videos of others are left out.
        subset: Official list to take; that of the dataset if none is given.

    Raises:
        DatasetError: If the dataset is for another task, is drawn by the project, has no
            ground truth, or gives a video two labels.
    """
    if dataset.task != "classification":
        raise DatasetError(
            f"training needs clips with one label each, dataset '{dataset.name}' is for "
            f"{dataset.task}; give one with task: classification"
        )
    is_drawn = isinstance(dataset.videos, GeneratedVideos)
    if is_drawn or dataset.annotations is None:
        raise DatasetError(
            f"training needs files and ground truth, dataset '{dataset.name}' has "
            f"{'videos that are drawn' if is_drawn else 'no ground truth'}"
        )
    check_sources(dataset)
    source = dataset.annotations
    if subset is not None:
        source = source.model_copy(update={"subset": subset})
    labels: dict[str, str] = {}
    for row in read_annotations(source, _files(dataset)).rows:
        if row.video_id in dataset.excluded or row.label not in classes:
            continue
        if labels.setdefault(row.video_id, row.label) != row.label:
            raise DatasetError(
                f"video '{row.video_id}' must have one label, has '{labels[row.video_id]}' and "
                f"'{row.label}'; exclude it or correct the ground truth"
            )
    return labels


def probed_clips(
    dataset: Dataset, labels: Mapping[str, str], pool: "Decoders", *, skip: bool
) -> tuple[list[Clip], dict[str, str]]:
    """Find and probe the videos; returns the clips by video id and why others are left out.

    Raises:
        InputError: If a video is missing or unreadable, and those are not to be skipped.
    """
    files = _files(dataset)
    here = sorted(video for video in labels if video in files)
    lost = dict.fromkeys(sorted(labels.keys() - files.keys()), "no such file")
    _refuse(lost, len(labels), skip)
    probes = track(pool.probe_many([files[video] for video in here]), "probing", len(here))
    clips = []
    for video, (path, info) in zip(here, probes, strict=True):
        if isinstance(info, VideoError):
            lost[video] = info.reason
            continue
        facts = (info.duration_s, info.content_hash, info.backend)
        clips.append(Clip(path, labels[video], *facts))
    _refuse(lost, len(labels), skip)
    return clips, lost


def _files(dataset: Dataset) -> dict[str, Path]:
    if isinstance(dataset.videos, GeneratedVideos):
        return {}
    return find_videos(dataset.videos, where_to_put(dataset))


def _refuse(lost: Mapping[str, str], total: int, skip: bool) -> None:
    if lost and not skip:
        video, reason = next(iter(lost.items()))
        raise InputError(
            f"{len(lost)} of {total} labelled videos cannot be read, the first is '{video}': "
            f"{reason}; get them, or leave them out with --skip-unreadable"
        )


class VideoClips:
    """Clips on disk, decoded in child processes; satisfies `ClipSource`.

    Args:
        clips: With labels among ``classes``.
        classes: Labels in the order of their places.
        n_frames: Frames per clip, >= 1.
        pool: Decodes.
    """

    def __init__(
        self, clips: Iterable[Clip], classes: Sequence[str], n_frames: int, pool: "Decoders"
    ) -> None:
        self._clips = list(clips)
        self._places = {label: place for place, label in enumerate(classes)}
        self._n_frames = n_frames
        self._pool = pool

    @property
    def fingerprint(self) -> str:
        """Digest of the bytes and labels of all clips, in order."""
        return digest([(clip.content_hash, clip.label) for clip in self._clips])

    def __len__(self) -> int:
        return len(self._clips)

    def label(self, number: int) -> int:
        """Return the place of a clip's class."""
        return self._places[self._clips[number].label]

    def frames(self, number: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Read ``(F, H, W, 3)`` RGB frames, one drawn in each of F equal parts of the clip.

        Raises:
            VideoError: If the file can no longer be read.
        """
        from zs_dagster.video.windows import Windows, window_times

        clip = self._clips[number]
        whole = Windows(rates=(1.0,), n_windows=1, n_frames=self._n_frames)
        seed = int(rng.integers(2**62))
        (times,) = window_times(clip.duration_s, whole, seed=seed, video_id=clip.content_hash)
        chunks = self._pool.iter_frames(clip.path, times, backend=clip.backend)
        return np.concatenate([chunk.rgb for chunk in chunks])
