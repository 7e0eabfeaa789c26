"""Sampled frames -> CLIP features per video, computed once per content and model."""

import logging
from typing import Any

import dagster as dg
import numpy as np

from assets.stage import model_version, publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.digests import digest
from zs_dagster.errors import VideoError
from zs_dagster.models.loading import Models
from zs_dagster.models.protocols import FrameEncoder
from zs_dagster.progress import track
from zs_dagster.store import Arrays
from zs_dagster.video.sampled import sampled_frames

logger = logging.getLogger("zs_dagster.frame_features")
KIND = "frame_features"
VERSION = "1"


@stage(
    "vision",
    deps=["videos"],
    version=model_version(VERSION, Models().clip_fingerprint),
    kinds=["pytorch"],
    pool="gpu",
    options=["fps"],
)
def frame_features(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """One row per readable video: un-normalised CLIP features, fp16, at the dataset's fps."""
    dataset, store = library.dataset(context.partition_key), home.get().store
    fps, fingerprint = dataset.localization.fps, models.get().clip_fingerprint(dataset.profile)
    files = [v for v in home.get().tables.rows("videos", dataset.name) if v["status"] == "ok"]
    rows, computed, broken = [], 0, 0
    for video in track(files, KIND, len(files)):
        key = digest(KIND, VERSION, video["content_hash"], fps, fingerprint)
        if not store.has_arrays(KIND, key):
            try:
                arrays = _encode(video, fps, models.get().clip(dataset.profile))
            except VideoError as error:
                # One bad file must not stop a night's run; what follows works on the rest.
                logger.warning("%s is left out: %s", video["video_id"], error.reason)
                broken += 1
                continue
            store.save_arrays(KIND, key, arrays)
            computed += 1
        rows.append({"video_id": video["video_id"], "key": key})
    reused, metadata = len(rows) - computed, {"left_out": broken}
    return publish(
        context, home.get(), rows, computed=computed, reused=reused, metadata=metadata
    )


def _encode(video: dict[str, Any], fps: float, encoder: FrameEncoder) -> Arrays:
    features, times = [], []
    for frames in sampled_frames(video["path"], fps, video["content_hash"]):
        features.append(encoder.encode_frames(frames.rgb).astype(np.float16))
        times.append(frames.time_s)
    return {"features": np.concatenate(features), "time_s": np.concatenate(times)}
