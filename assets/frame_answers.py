"""What one process does about the questions on some videos: decode, ask, into the store.

Imports no framework: a worker elsewhere imports it too.
"""

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from assets.decoding import sampling
from assets.frame_questions import Wanted
from zs_dagster.errors import VideoError
from zs_dagster.frame_confidence.asking import Mask
from zs_dagster.frame_confidence.task import KIND, ScoringTask
from zs_dagster.home import Home
from zs_dagster.models import answers, throughput
from zs_dagster.models.loading import Models
from zs_dagster.progress import track
from zs_dagster.video.decoders import Decoders, FrameStream, Sampling

logger = logging.getLogger("zs_dagster.frame_confidence")
Look = tuple[Wanted, ScoringTask, Mask]


def ask(
    videos: Sequence[Wanted], pool: Decoders, home: Home, models: Models, profile: str
) -> list[dict[str, Any]]:
    """Put videos to the model; one that cannot be read is left out, the rest goes on.

    Returns:
        Per look at a video `video_id`, `is_broken`, `frames` asked about, `answers` (frames
        times prompts), `seconds` from its first frame to its last answer, and the `device`.
    """
    asking = _Asking(home, pool, models, profile)
    asking.about(videos)
    if any(outcome["frames"] for outcome in asking.outcomes):
        fingerprint = models.lvlm_fingerprint(profile)
        answers.record(home, fingerprint, models.answers(profile))
    return asking.outcomes


class _Asking:
    def __init__(self, home: Home, pool: Decoders, models: Models, profile: str) -> None:
        self.outcomes: list[dict[str, Any]] = []
        self._store, self._pool = home.store, pool
        self._models, self._profile = models, profile
        self._under_way: deque[Look] = deque()

    def about(self, videos: Sequence[Wanted]) -> None:
        """Ask in looks: the answers to one decide what is asked in the next."""
        left = list(videos)
        while left:
            again = []
            streams = self._pool.sampled_many(self._requests(left))
            for _, frames in track(streams, KIND, len(left)):
                video, task, look = self._under_way.popleft()
                if not self._take(video, task, look, frames):
                    continue
                if task.next_look().any():
                    again.append(video)
                else:
                    task.finish()
            left = again

    def _take(self, video: Wanted, task: ScoringTask, look: Mask, frames: FrameStream) -> bool:
        """Ask one look; says whether the video could be read."""
        scorer, started = self._models.scorer(self._profile), time.monotonic()
        try:
            chunks = ((chunk.rgb, chunk.time_s) for chunk in frames)
            task.ask(look, chunks, scorer.score_stream)
        except VideoError as error:
            # The file was fine when it was probed; what follows works on the rest.
            logger.warning("%s is left out: %s", video.video_id, error.reason)
            self._note(video, is_broken=True)
            return False
        self._note(
            video,
            frames=int(look.any(axis=1).sum()),
            answers=int(look.sum()),
            seconds=time.monotonic() - started,
        )
        return True

    def _note(self, video: Wanted, **counted: float) -> None:
        nothing = {"is_broken": False, "frames": 0, "answers": 0, "seconds": 0.0}
        device = throughput.device_name(self._models.device)
        self.outcomes.append(
            {"video_id": video.video_id, "device": device, **nothing, **counted}
        )

    def _requests(self, videos: Sequence[Wanted]) -> Iterator[Sampling]:
        """Yield what to decode, as the decoders get to it."""
        for video in videos:
            task = video.task(self._store)
            look = task.next_look()
            if not look.any():
                task.finish()  # A killed run had asked everything.
                continue
            self._under_way.append((video, task, look))
            frames = look.any(axis=1)
            picks = None if frames.all() else np.flatnonzero(frames).tolist()
            yield sampling(video.video, video.fps, picks)
