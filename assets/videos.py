"""Video files -> probed, hashed, decode-checked rows."""

import logging
from pathlib import Path
from typing import Any

import dagster as dg

from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.errors import DatasetError, VideoError
from zs_dagster.progress import track
from zs_dagster.video.probe import probe
from zs_dagster.video.reading import check_decodes

logger = logging.getLogger("zs_dagster.videos")
FACTS = ("content_hash", "duration_s", "fps", "width", "height", "n_frames")


@stage("ingest", kinds=["video"])
def videos(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> dg.MaterializeResult:
    """One row per file: probed, hashed and decode-checked; unreadable ones with the reason."""
    files = library.files(library.dataset(context.partition_key))
    rows = [
        _row(video_id, path) for video_id, path in track(files.items(), "videos", len(files))
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
    return publish(context, home.get(), rows, computed=len(rows), metadata=metadata)


def _row(video_id: str, path: Path) -> dict[str, Any]:
    facts = dict.fromkeys(FACTS)
    reason = None
    try:
        info = probe(path)
        check_decodes(path, info.index)
        facts = {name: getattr(info, name) for name in FACTS}
    except VideoError as error:
        reason = error.reason
    status = "unreadable" if reason else "ok"
    return {
        "video_id": video_id,
        "path": str(path),
        "status": status,
        "reason": reason,
        **facts,
    }
