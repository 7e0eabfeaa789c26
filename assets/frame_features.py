"""Sampled frames -> CLIP features per video, computed once per content and model."""

import logging
from collections.abc import Iterable
from typing import Any

import dagster as dg
import numpy as np

from assets.decoding import decoded_from, sampling
from assets.stage import model_version, publish, stage
from resources.decoders import DecodersResource
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.digests import digest
from zs_dagster.errors import VideoError
from zs_dagster.models.loading import Models
from zs_dagster.models.protocols import FrameEncoder
from zs_dagster.progress import track
from zs_dagster.store import Arrays
from zs_dagster.video.frames import Frames

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
    decoders: DecodersResource,
) -> dg.MaterializeResult:
    """One row per readable video: un-normalised CLIP features, fp16, at the dataset's fps."""
    dataset, store = library.dataset(context.partition_key), home.get().store
    fps, fingerprint = dataset.localization.fps, models.get().clip_fingerprint(dataset.profile)
    files = [v for v in home.get().tables.rows("videos", dataset.name) if v["status"] == "ok"]
    keys = feature_keys(files, fps, fingerprint)
    missing = [v for v in files if not store.has_arrays(KIND, keys[v["video_id"]])]
    wanted = [sampling(video, fps) for video in missing]
    with decoders.start(dataset.reader) as pool:
        streams = zip(missing, pool.sampled_many(wanted), strict=True)
        for video, (_, frames) in track(streams, KIND, len(missing)):
            try:
                arrays = _encode(frames, models.get().clip(dataset.profile))
            except VideoError as error:
                # One bad file must not stop a night's run; what follows works on the rest.
                logger.warning("%s is left out: %s", video["video_id"], error.reason)
                del keys[video["video_id"]]
                continue
            store.save_arrays(KIND, keys[video["video_id"]], arrays)
    rows = [{"video_id": video_id, "key": key} for video_id, key in keys.items()]
    broken = len(files) - len(rows)
    computed = len(missing) - broken
    return publish(
        context,
        home.get(),
        rows,
        computed=computed,
        reused=len(rows) - computed,
        metadata={"left_out": broken},
    )


def feature_keys(
    files: Iterable[dict[str, Any]], fps: float, fingerprint: str
) -> dict[str, str]:
    """Return the store key of each readable video, by video id."""
    return {
        v["video_id"]: digest(KIND, VERSION, *decoded_from(v), fps, fingerprint) for v in files
    }


def _encode(chunks: Iterable[Frames], encoder: FrameEncoder) -> Arrays:
    features, times = [], []
    for frames in chunks:
        features.append(encoder.encode_frames(frames.rgb).astype(np.float16))
        times.append(frames.time_s)
    return {"features": np.concatenate(features), "time_s": np.concatenate(times)}
