"""What classifiers want of a video, as it is decoded."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.feature_requests import OfViews
from zs_dagster.errors import VideoError
from zs_dagster.frame_features.bank import Times
from zs_dagster.store import Store
from zs_dagster.video.frames import Frames

VIDEO = {"video_id": "a", "path": "a.mp4", "content_hash": "0", "backend": "pyav"}
TIMES = np.array([0.0, 0.5, 1.0])


class Means:
    """Encodes a frame as its mean, plus the length of the crop's name."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[int], list[str]]] = []

    def encode_frames(self, frames: Any) -> Any:  # noqa: ANN401
        return self.encode_crops(frames, ["eval"])["eval"]

    def encode_crops(self, frames: Any, crops: Sequence[str]) -> Any:  # noqa: ANN401
        means = frames.reshape(len(frames), -1).mean(axis=1, keepdims=True)
        self.asked.append((means.ravel().astype(int).tolist(), list(crops)))
        return {crop: means + len(crop) for crop in crops}


def request(tmp_path: Path, **wanted: Times) -> OfViews:
    return OfViews(Store(tmp_path), VIDEO, "model", TIMES, wanted or {"eval": TIMES[1:]})


def frames(*times: float) -> Frames:
    """Frames as bright as their time, in hundredths of a second."""
    rgb = np.empty((len(times), 2, 2, 3), dtype=np.uint8)
    rgb[:] = 100 * np.reshape(times, (-1, 1, 1, 1))
    return Frames(rgb, np.array(times), np.array(times))


def test_wanted_frames_are_kept_once(tmp_path: Path) -> None:
    wanted = request(tmp_path)
    assert not wanted.is_done()
    assert wanted.sampling().picks == (1, 2)
    assert wanted.take([frames(0.5), frames(1.0)], Means()) == 2
    assert wanted.is_done()


@pytest.mark.parametrize(
    ("chunks", "asked"),
    [
        (
            [(0.0, 0.5, 1.0)],
            [([0, 50], ["first"]), ([50], ["mid"]), ([50, 100], ["last", "e"])],
        ),
        (
            [(0.0,), (0.5,), (1.0,)],
            [
                ([0], ["first"]),
                *[([50], crops) for crops in (["first"], ["mid"], ["last", "e"])],
                ([100], ["last", "e"]),
            ],
        ),
    ],
)
def test_crops_that_lack_the_same_frames_are_encoded_and_kept_together(
    tmp_path: Path, chunks: list[tuple[float, ...]], asked: list[tuple[list[int], list[str]]]
) -> None:
    request(tmp_path, mid=TIMES[:1]).take([frames(0.0)], Means())
    wanted = request(
        tmp_path, first=TIMES[:2], mid=TIMES[:2], last=TIMES[1:], e=TIMES[1:], done=TIMES[:0]
    )
    means = Means()
    assert wanted.take([frames(*times) for times in chunks], means) == 7
    assert means.asked == asked
    kind = wanted.bank._kind
    assert len(wanted.store.keys(kind)) == 1 + len({tuple(crops) for _, crops in asked})
    for crop, times in wanted.wanted.items():
        kept = wanted.bank.gather(times, crop) if times.size else np.empty((0, 1))
        assert kept.ravel().tolist() == (100 * times + len(crop)).tolist()


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
