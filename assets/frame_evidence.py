"""What samplers know of a video before they choose: times of frames, cuts, motion."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assets.decoding import decoded_from
from assets.feature_rows import Video
from zs_dagster.digests import digest
from zs_dagster.errors import StoreError
from zs_dagster.frame_features.bank import Times
from zs_dagster.store import Arrays, Store
from zs_dagster.video.adaptive import motion
from zs_dagster.video.decoders import Decoders
from zs_dagster.video.scene_cuts import scene_cuts

TIMES, EVIDENCE = "frame_times", "frame_evidence"


def frame_times(store: Store, pool: Decoders | None, video: Video) -> Times:
    """Return when each frame is shown, ``(T,)`` seconds: from the store, else from the file.

    Raises:
        StoreError: If it is not in the store and there are no decoders to ask.
        VideoError: If the file cannot be read.
    """
    key = _key(video)
    if not store.has_arrays(TIMES, key):
        if pool is None:
            raise StoreError(
                f"the frames of '{video['video_id']}' are not known; materialise "
                "`frame_features` first"
            )
        times = pool.frame_times(Path(video["path"]), video["content_hash"])
        store.save_arrays(TIMES, key, {"time_s": times})
    found: Times = store.load_arrays(TIMES, key)["time_s"]
    return found


def has_evidence(store: Store, video: Video) -> bool:
    """Say whether cuts and motion of a video are known."""
    return store.has_arrays(EVIDENCE, _key(video))


def keep_evidence(store: Store, video: Video, pictures: NDArray[np.uint8]) -> None:
    """Find cuts and motion in the thumbnails ``(T, h, w, 3)`` of all frames of a video."""
    cuts = np.array(scene_cuts(pictures), dtype=np.int64)
    store.save_arrays(EVIDENCE, _key(video), {"cuts": cuts, "motion": motion(pictures)})


def load_evidence(store: Store, video: Video) -> Arrays:
    """Return ``cuts`` and ``motion`` of a video."""
    return store.load_arrays(EVIDENCE, _key(video))


def _key(video: Video) -> str:
    return digest(*decoded_from(video))
