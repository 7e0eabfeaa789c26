"""Clips of segments: which frames, which file, and a list of what was cut."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zs_dagster.errors import InputError
from zs_dagster.exchange.clips import COPYABLE, clip_times, copy, encode
from zs_dagster.exchange.json_text import to_json
from zs_dagster.exchange.names import safe_name
from zs_dagster.exchange.records import Review, Segment, Video
from zs_dagster.files import write_text
from zs_dagster.progress import track
from zs_dagster.video.decoders import Decoders
from zs_dagster.video.probe import VideoInfo

Row = dict[str, Any]
LIST = "clips.json"


def write_clips(
    review: Review, rows: dict[str, Row], folder: Path, pool: Decoders, is_copy: bool
) -> None:
    """Cut every segment of a review into a file of its own, and list the files.

    Raises:
        InputError: If a video cannot be read, or not be copied from its key frames.
    """
    folder.mkdir()
    entries: list[Row] = []
    for video in track(review.videos, "clips", len(review.videos)):
        segments = review.of(video)
        if not segments:
            continue
        info = pool.probe(video.path)
        backend = rows[video.video_id]["backend"]
        for segment in segments:
            suffix = _suffix(video, info) if is_copy else ".mp4"
            path = folder / _name(segment, len(entries) + 1, suffix)
            cut = (
                _copied(video, segment, path)
                if is_copy
                else _encoded(video, segment, path, (pool, info, backend))
            )
            entries.append({"file": path.name, **segment._asdict(), **cut})
    write_text(folder / LIST, to_json(entries))


def _name(segment: Segment, number: int, suffix: str) -> str:
    names = (safe_name(segment.video_id), safe_name(segment.label))
    return f"{number:05d}-{names[0]}-{segment.start_s:.2f}s-{names[1]}{suffix}"


def _suffix(video: Video, info: VideoInfo) -> str:
    if not info.seekable:
        raise InputError(
            f"--copy: '{video.video_id}' ({info.container}) has no usable index of key frames; "
            "leave --copy out"
        )
    suffix = video.path.suffix.lower()
    return suffix if suffix in COPYABLE else ".mkv"


def _encoded(
    video: Video, segment: Segment, path: Path, reading: tuple[Decoders, VideoInfo, str]
) -> Row:
    pool, info, backend = reading
    first, stop = video.clock.shown(segment.start_s, segment.end_s)
    times, tick = clip_times(video.clock, first, stop)
    chunks = pool.iter_frames(
        video.path, video.clock.time_s[first:stop], index=info.index, backend=backend
    )
    images: Iterator[Any] = itertools.chain.from_iterable(chunk.rgb for chunk in chunks)
    encode(path, images, times, tick)
    return _deviation(segment, *video.clock.seconds(first, stop)) | {"frames": stop - first}


def _copied(video: Video, segment: Segment, path: Path) -> Row:
    from zs_dagster.video.container import open_video

    with open_video(video.path) as source:
        cut = copy(source, path, segment.start_s, segment.end_s)
    return _deviation(segment, *cut)


def _deviation(segment: Segment, start_s: float, end_s: float) -> Row:
    """Say what the file covers, and how much that is longer than the segment on each side."""
    return {
        "cut_start_s": start_s,
        "cut_end_s": end_s,
        "early_s": round(segment.start_s - start_s, 6),
        "late_s": round(end_s - segment.end_s, 6),
    }
