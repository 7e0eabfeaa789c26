"""Video files -> probed, hashed, decode-checked rows."""

import logging
from pathlib import Path
from typing import Any

import dagster as dg

from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.digests import digest
from zs_dagster.errors import DatasetError, VideoError
from zs_dagster.progress import track
from zs_dagster.store import Store
from zs_dagster.video.probe import probe
from zs_dagster.video.reading import check_decodes

logger = logging.getLogger("zs_dagster.videos")
KIND = "videos"
VERSION = "1"
FACTS = ("content_hash", "duration_s", "fps", "width", "height", "n_frames")


@stage("ingest", kinds=["video"])
def videos(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> dg.MaterializeResult:
    """One row per file: probed, hashed and decode-checked; unreadable ones with the reason."""
    files = library.files(library.dataset(context.partition_key))
    probe_file = CachedProbe(home.get().store)
    rows = [
        {"video_id": video_id, "path": str(path), **probe_file(path)}
        for video_id, path in track(files.items(), "videos", len(files))
    ]
    unreadable = [row for row in rows if row["status"] != "ok"]
    for row in unreadable:
        logger.warning("%s is left out: %s", row["video_id"], row["reason"])
    if len(unreadable) == len(rows):
        raise DatasetError(
            f"no video of '{context.partition_key}' can be read: {rows[0]['reason']}"
        )
    hours = sum(row["duration_s"] or 0.0 for row in rows) / 3600
    metadata = {"unreadable": len(unreadable), "hours": hours}
    return publish(
        context,
        home.get(),
        rows,
        computed=probe_file.computed,
        reused=probe_file.reused,
        metadata=metadata,
    )


class CachedProbe:
    """Probes a file, unless one of the same path, size, inode and time of change was probed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.computed = self.reused = 0

    def __call__(self, path: Path) -> dict[str, Any]:
        """Return status, reason and facts of a file."""
        key = digest(KIND, VERSION, str(path), _stat(path))
        facts = self._store.load_document(KIND, key)
        if facts is None:
            facts = _probe(path)
            self._store.save_document(KIND, key, facts)
            self.computed += 1
        else:
            self.reused += 1
        return facts


def _stat(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _probe(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(FACTS)
    reason = None
    try:
        info = probe(path)
        check_decodes(path, info.index)
        facts = {name: getattr(info, name) for name in FACTS}
    except VideoError as error:
        reason = error.reason
    return {"status": "unreadable" if reason else "ok", "reason": reason, **facts}
