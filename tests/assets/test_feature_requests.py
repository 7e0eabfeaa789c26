"""What classifiers want of a video, as it is decoded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.feature_requests import OfViews
from zs_dagster.errors import VideoError
from zs_dagster.store import Store
from zs_dagster.video.frames import Frames

VIDEO = {"video_id": "a", "path": "a.mp4", "content_hash": "0", "backend": "pyav"}
TIMES = np.array([0.0, 0.5, 1.0])


class Means:
    """Encodes a frame as its mean."""

    def encode_frames(self, frames: Any, crop: str = "eval") -> Any:  # noqa: ANN401
        return frames.reshape(len(frames), -1).mean(axis=1, keepdims=True) + len(crop)


def request(tmp_path: Path) -> OfViews:
    return OfViews(Store(tmp_path), VIDEO, "model", TIMES, {"eval": TIMES[1:]})


def frames(*times: float) -> Frames:
    rgb = np.full((len(times), 2, 2, 3), 7, dtype=np.uint8)
    return Frames(rgb, np.array(times), np.array(times))


def test_wanted_frames_are_kept_once(tmp_path: Path) -> None:
    wanted = request(tmp_path)
    assert not wanted.is_done()
    assert wanted.sampling().picks == (1, 2)
    assert wanted.take([frames(0.5), frames(1.0)], Means()) == 2
    assert wanted.is_done()


@pytest.mark.parametrize("times", [(), (0.5,), (0.25, 0.75)])
def test_a_file_that_shows_other_frames_is_refused_and_nothing_is_kept(
    tmp_path: Path, times: tuple[float, ...]
) -> None:
    wanted = request(tmp_path)
    count = len({0.5, 1.0} & set(times))
    rule = f"'a.mp4': {count} of 2 frames wanted are shown when they were; get the file again"
    with pytest.raises(VideoError, match=rule):
        wanted.take([frames(*times)] if times else [], Means())
    assert wanted.bank.missing(wanted.wanted)["eval"].tolist() == [0.5, 1.0]
