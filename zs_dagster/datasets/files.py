"""The video files of a dataset, by video id."""

import os
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from zs_dagster.datasets.sources import VideoFiles, VideoFolder
from zs_dagster.errors import DatasetError

CHECK_FOLDER = "check `videos.folder`"


def find_videos(
    videos: VideoFolder | VideoFiles, remedy: str = CHECK_FOLDER
) -> dict[str, Path]:
    r"""Return the files of a dataset by video id, sorted; nothing is opened.

    Whatever fits the name is listed, pipes and broken links included: why it cannot be read is
    for the reader to say. What is not UTF-8 in a name is written as ``\xNN`` in the id.

    Args:
        videos: Where they lie.
        remedy: What to do where the folder is missing.

    Raises:
        DatasetError: If the folder is missing, nothing fits, or two files have one id.
    """
    if isinstance(videos, VideoFiles):
        return _by_id((_id(Path(file.name)), file) for file in videos.files)
    if not videos.folder.is_dir():
        raise DatasetError(f"video folder must exist, got '{videos.folder}'; {remedy}")
    return _in_folder(videos)


def _in_folder(videos: VideoFolder) -> dict[str, Path]:
    folder = videos.folder
    paths = sorted(_below(folder, videos.patterns))
    found = _by_id((_id(path.relative_to(folder), videos.prefix), path) for path in paths)
    if not found:
        wanted = ", ".join(videos.patterns)
        raise DatasetError(f"video folder '{folder}' holds no file that matches {wanted}")
    if not videos.ids:
        return found
    chosen = {i: path for i, path in found.items() if _is_chosen(i, videos.ids)}
    if not chosen:
        raise DatasetError(
            f"none of {len(found)} videos in '{folder}' has an id that matches "
            f"{', '.join(videos.ids)}; the first is '{next(iter(found))}'"
        )
    return chosen


def _below(folder: Path, patterns: Sequence[str]) -> Iterator[Path]:
    """Yield every file that fits, and every folder that may hide one.

    Those are folders that cannot be listed, and folders with the name of a video but none
    inside. Links to folders are followed, each folder once.
    """
    lost: list[OSError] = []
    for place, is_leaf, names in _folders(folder, lost.append):
        fitting = [name for name in names if _fits(name, patterns)]
        yield from (place / name for name in fitting)
        if is_leaf and not fitting and place != folder and _fits(place.name, patterns):
            yield place
    for error in lost:
        if Path(error.filename) == folder:
            raise DatasetError(f"video folder '{folder}' cannot be listed: {error.strerror}")
        yield Path(error.filename)


def _folders(
    folder: Path, on_error: Callable[[OSError], None]
) -> Iterator[tuple[Path, bool, list[str]]]:
    """Yield each folder once, whether it holds none, and the files in it."""
    seen: set[str] = set()
    waiting = [folder]
    while waiting:
        for name, folders, names in os.walk(waiting.pop(0), onerror=on_error):
            place = Path(name)
            if (real := os.path.realpath(place)) in seen:
                folders.clear()
                continue
            seen.add(real)
            # What lies below the folder itself comes first, under its own name.
            waiting += [place / link for link in sorted(folders) if (place / link).is_symlink()]
            yield place, not folders, names


def _fits(name: str, patterns: Sequence[str]) -> bool:
    lower = name.lower()
    return any(fnmatchcase(lower, pattern.lower()) for pattern in patterns)


def _is_chosen(video_id: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(video_id, pattern) for pattern in patterns)


def _id(path: Path, prefix: str = "") -> str:
    named = path.with_name(path.name.removeprefix(prefix)).with_suffix("").as_posix()
    return os.fsencode(named).decode("utf-8", "backslashreplace")


def _by_id(named: Iterator[tuple[str, Path]]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for video_id, path in named:
        if video_id in found:
            raise DatasetError(
                f"video ids must differ, got '{video_id}' for '{found[video_id].name}' and "
                f"'{path.name}'; rename one or narrow `patterns`"
            )
        found[video_id] = path
    return found
