"""The floor of videos to metrics: the forward passes of the models, and nothing around them."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from zs_dagster.models.loading import Models


class Forwards:
    """The forward passes of the models alone, timed by hooks in the thread that computes."""

    def __init__(self, profile: str) -> None:
        models = Models("cpu")
        self.clip, self.lvlm = models.clip(profile), models.scorer(profile)
        self.seconds, self._started = 0.0, 0.0
        backend: Any = self.lvlm._backend  # type: ignore[attr-defined]
        for module in (self.clip.network.visual, backend.model.model):
            module.register_forward_pre_hook(self._begin)
            module.register_forward_hook(self._end)

    def of(self, videos: Sequence[np.ndarray], prompts: Sequence[str]) -> float:
        """Return CPU seconds of what ours passes through the models.

        Args:
            videos: The frames looked at of each, uint8 RGB ``(N, H, W, 3)``.
            prompts: As many as are asked about a frame.
        """
        for part in (videos[0][:8], *videos):
            if part is videos[0]:  # What came before has warmed up.
                self.seconds = 0.0
            self.clip.encode_frames(part)
            self.lvlm.score(part, prompts)
        return self.seconds

    def _begin(self, *_: object) -> None:
        self._started = time.thread_time()

    def _end(self, *_: object) -> None:
        self.seconds += time.thread_time() - self._started
