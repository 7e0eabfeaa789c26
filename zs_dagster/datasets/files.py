"""The video files of a folder, by video id."""

from fnmatch import fnmatchcase
from pathlib import Path

from zs_dagster.datasets.description import VideoFolder
from zs_dagster.errors import DatasetError


def find_videos(videos: VideoFolder) -> dict[str, Path]:
    """Return the files below the folder by id: the path below it, without suffix.

    Raises:
        DatasetError: If the folder is missing, holds no file, or two files have one id.
    """
    folder = videos.folder
    if not folder.is_dir():
        raise DatasetError(f"video folder must exist, got '{folder}'; check the dataset file")
    found: dict[str, Path] = {}
    for path in sorted(path for path in folder.rglob("*") if _fits(path, videos.patterns)):
        video_id = path.relative_to(folder).with_suffix("").as_posix()
        if video_id in found:
            raise DatasetError(
                f"video ids must differ, got '{video_id}' for '{found[video_id].name}' and "
                f"'{path.name}'; rename one or narrow `patterns`"
            )
        found[video_id] = path
    if not found:
        wanted = ", ".join(videos.patterns)
        raise DatasetError(f"video folder '{folder}' holds no file that matches {wanted}")
    return found


def _fits(path: Path, patterns: tuple[str, ...]) -> bool:
    name = path.name.lower()
    if path.is_dir() or not any(fnmatchcase(name, pattern.lower()) for pattern in patterns):
        return False
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise DatasetError(f"file names must be UTF-8, got {str(path)!r}; rename it") from error
    return True
