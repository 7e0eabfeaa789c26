"""Video files -> probed, hashed, decode-checked rows."""

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from assets.stage import publish, stage
from resources.decoders import DecodersResource
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.sources import Reader
from zs_dagster.digests import digest
from zs_dagster.errors import DatasetError, VideoError
from zs_dagster.progress import track
from zs_dagster.store import Store
from zs_dagster.video.decoders import Decoders
from zs_dagster.video.probe import VideoInfo

logger = logging.getLogger("zs_dagster.videos")
KIND = "videos"
VERSION = "2"
FACTS = (
    "content_hash",
    "duration_s",
    "fps",
    "width",
    "height",
    "n_frames",
    "backend",
    "backend_reason",
)
Facts = dict[str, Any]


@stage("ingest", deps=["video_files"], version=VERSION, kinds=["video"])
def videos(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    decoders: DecodersResource,
) -> dg.MaterializeResult:
    """One row per file: probed, hashed and decode-checked; unreadable ones with the reason."""
    dataset = library.dataset(context.partition_key)
    files = library.files(dataset)
    store = home.get().store
    known = known_facts(dataset, files, store)
    missing = [path for path, facts in known.items() if facts is None]
    if missing:
        with decoders.start(dataset.reader) as pool:
            known |= dict(_probe(pool, missing, store, dataset.reader))
    rows = [video_row(dataset, name, path, known.get(path)) for name, path in files.items()]
    metadata = _summary(dataset, rows)
    return publish(
        context,
        home.get(),
        rows,
        computed=len(missing),
        reused=len(known) - len(missing),
        metadata=metadata,
    )


def known_facts(
    dataset: Dataset, files: Mapping[str, Path], store: Store
) -> dict[Path, Facts | None]:
    """Return what earlier runs found in each file that is not excluded; none for new ones."""
    kept = [path for name, path in files.items() if name not in dataset.excluded]
    return {path: store.load_document(KIND, _key(dataset.reader, path)) for path in kept}


def _key(reader: Reader, path: Path) -> str:
    """Name a file by path, size, inode and time of change; if these stay, it is not reread."""
    try:
        found = path.stat()
        stat = [found.st_size, found.st_mtime_ns, found.st_ino]
    except OSError:
        stat = []
    return digest(KIND, VERSION, os.fsencode(path).hex(), stat, reader.backend)


def _probe(
    pool: Decoders, paths: list[Path], store: Store, reader: Reader
) -> Iterator[tuple[Path, Facts]]:
    for path, info in track(pool.probe_many(paths), "videos", len(paths)):
        facts = _facts(info)
        # Time and memory differ from run to run: what failed for them may succeed next time.
        if facts["error"] not in {"DecodeTimeout", "OutOfMemory", "DecoderCrashed"}:
            store.save_document(KIND, _key(reader, path), facts)
        yield path, facts


def _facts(info: VideoInfo | VideoError) -> Facts:
    if isinstance(info, VideoError):
        said = {"status": "unreadable", "error": type(info).__name__, "reason": info.reason}
        return said | dict.fromkeys(FACTS)
    said_ok = {"status": "ok", "error": None, "reason": None}
    return said_ok | {name: getattr(info, name) for name in FACTS}


def video_row(dataset: Dataset, video_id: str, path: Path, facts: Facts | None) -> Facts:
    """Return a row of this table; a file without facts is an excluded one."""
    if facts is None:
        said = {"status": "excluded", "error": None, "reason": dataset.excluded[video_id]}
        facts = said | dict.fromkeys(FACTS)
    shown = os.fsencode(path).decode("utf-8", "backslashreplace")
    return {"video_id": video_id, "path": shown, **facts}


def _summary(dataset: Dataset, rows: list[Facts]) -> Mapping[str, Any]:
    unreadable = [row for row in rows if row["status"] == "unreadable"]
    for row in unreadable:
        logger.warning("%s is left out: %s", row["video_id"], row["reason"])
    if not any(row["status"] == "ok" for row in rows):
        first = rows[0]
        raise DatasetError(
            f"no video of '{dataset.name}' can be read; the first, '{first['video_id']}': "
            f"{first['reason']}"
        )
    hours = sum(row["duration_s"] or 0.0 for row in rows) / 3600
    excluded = sum(row["status"] == "excluded" for row in rows)
    return {"unreadable": len(unreadable), "excluded": excluded, "hours": hours}
