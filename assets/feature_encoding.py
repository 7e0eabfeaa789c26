"""What one process does about the frames of some videos: decode, encode, into the feature bank.

Imports no framework: a worker elsewhere imports it too.
"""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from assets.feature_requests import Request
from assets.feature_rows import Video
from zs_dagster.errors import VideoError
from zs_dagster.frame_features.bank import KIND
from zs_dagster.models.loading import Models
from zs_dagster.models.lvlm.ahead import one_ahead
from zs_dagster.progress import track
from zs_dagster.video.decoders import Decoders, Sampling

logger = logging.getLogger("zs_dagster.frame_features")


def encode(
    requests: Sequence[Request], pool: Decoders, models: Models, profile: str
) -> list[dict[str, Any]]:
    """Encode what is missing of each video; one that cannot be read is left out.

    Returns:
        Per video `video_id`, `is_broken` and `encoded`, the crops of frames that were encoded.
    """
    outcomes = []
    under_way: deque[Request] = deque()
    streams = pool.sampled_many(_samplings(requests, under_way))
    for _, frames in track(streams, KIND, len(requests)):
        request, encoded, is_broken = under_way.popleft(), 0, False
        try:
            clip = models.clip(profile)
            # The next chunk comes out of its process while this one is encoded.
            with closing(one_ahead(frames)) as chunks:
                encoded = request.take(chunks, clip)
        except VideoError as error:
            # One bad file must not stop a night's run; what follows works on the rest.
            leave_out(request.video, error)
            is_broken = True
        outcomes.append(
            {
                "video_id": request.video["video_id"],
                "is_broken": is_broken,
                "encoded": encoded,
            }
        )
    return outcomes


def leave_out(video: Video, error: VideoError) -> None:
    """Say that a video cannot be read after all."""
    logger.warning("%s is left out: %s", video["video_id"], error.reason)


def _samplings(requests: Sequence[Request], under_way: deque[Request]) -> Iterator[Sampling]:
    """Yield what to decode, as the decoders get to it."""
    for request in requests:
        if request.is_done():
            continue  # By a worker that died afterwards, or from the same bytes.
        under_way.append(request)
        yield request.sampling()
