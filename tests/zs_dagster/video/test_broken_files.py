"""Damaged, joined and mislabelled files: the right frames or a refusal, never others."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zs_dagster.video.container import open_video
from zs_dagster.video.errors import (
    CorruptFrames,
    NotAVideo,
    NotReadable,
    ResolutionChanges,
    TooLarge,
    Truncated,
)
from zs_dagster.video.probe import probe
from zs_dagster.video.reading import check_decodes, iter_frames, read_frames
from zs_dagster.video.scan import scan

Writer = Callable[..., Path]
Numbers = Callable[[Any], list[int]]

B_FRAMES = {"g": "12", "bf": "3"}


def test_an_index_that_lies_about_key_frames_costs_time_not_truth(
    plain: Path, numbers: Numbers
) -> None:
    index = scan(plain)
    lying = dataclasses.replace(index, key_pts=index.pts)
    order = np.random.default_rng(0).permutation(60)
    for chunk, wanted in zip(
        iter_frames(plain, lying, order / 25 + 0.01, chunk=1), order, strict=True
    ):
        assert numbers(chunk.rgb) == [wanted]


@pytest.mark.parametrize("parts", [("early", "early"), ("late", "early")])
def test_times_that_repeat_or_go_back_are_replaced_by_the_order(
    tmp_path: Path, video: Writer, numbers: Numbers, parts: tuple[str, str]
) -> None:
    first = {"early": 0, "late": 1000}
    files = {
        name: video(tmp_path / f"{name}.ts", tuple(range(start, start + 60)), options=B_FRAMES)
        for name, start in first.items()
    }
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(files[part].read_bytes() for part in parts))
    info = probe(joined)
    assert (info.synthetic_time, info.seekable) == (True, False)
    assert (info.n_frames, info.duration_s, info.time_base) == (120, 4.8, (1, 25))
    frames = read_frames(joined, info.index, info.index.seconds(info.index.pts))
    assert numbers(frames.rgb) == 2 * list(range(60))


def test_times_that_go_back_against_the_index_are_refused(
    tmp_path: Path, video: Writer
) -> None:
    early = video(tmp_path / "early.ts", options={"bf": "0"})
    twice = tmp_path / "twice.ts"
    twice.write_bytes(2 * early.read_bytes())
    index = dataclasses.replace(
        scan(early), pts=np.arange(120) * 3600, end_pts=120 * 3600, seekable=False
    )
    with pytest.raises(CorruptFrames, match="is followed by one with no later time"):
        read_frames(twice, index, [4.0])


def test_order_is_no_substitute_for_times_where_the_header_says_otherwise(
    tmp_path: Path, video: Writer
) -> None:
    path = video(
        tmp_path / "repeated.mkv",
        options={"g": "12", "bf": "0"},
        container_options={"cluster_time_limit": "480"},
    )
    data = path.read_bytes()
    starts = [m.start() for m in re.finditer(b"\x1f\x43\xb6\x75", data)]
    assert len(starts) > 2
    path.write_bytes(data[: starts[2]] + data[starts[1] :])
    rule = r"repeated times, and \d+ at 25\.00 fps last \d\.\d+ s instead of the 2\.40 s in"
    with pytest.raises(CorruptFrames, match=rule):
        scan(path)


def test_frames_cut_off_by_an_edit_list_are_not_shown(
    tmp_path: Path, video: Writer, numbers: Numbers
) -> None:
    path = video(
        tmp_path / "edited.mp4",
        tuple(range(-10, 50)),
        options={"g": "60", "bf": "0"},
        container_options={"avoid_negative_ts": "disabled"},
    )
    index = scan(path)
    assert (index.n_frames, index.duration_s) == (50, 2.0)
    frames = read_frames(path, index, [0.0, 1.01, 1.99])
    assert numbers(frames.rgb) == [10, 35, 59]


class LateSeeks:
    """A container whose jumps end one second too late."""

    def __init__(self, container: Any) -> None:  # noqa: ANN401 -- stands in for any container
        self.decode = container.decode
        self._container = container

    def seek(self, pts: int, **options: Any) -> None:  # noqa: ANN401
        self._container.seek(pts + 12800, **options)


def test_jumps_that_miss_cost_time_not_truth(
    plain: Path, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def open_badly(path: Path) -> Iterator[tuple[Any, Any]]:
        with open_video(path) as (container, stream):
            yield LateSeeks(container), stream

    index = scan(plain)
    monkeypatch.setattr("zs_dagster.video.cursor.open_video", open_badly)
    frames = read_frames(plain, index, [0.81, 2.01, 1.01])
    assert numbers(frames.rgb) == [20, 50, 25]


def test_an_index_of_another_clock_is_refused(plain: Path) -> None:
    index = scan(plain)
    with pytest.raises(CorruptFrames, match="damaged or missing"):
        read_frames(plain, dataclasses.replace(index, pts=index.pts + 10**6), [1.0])


def test_frames_lost_without_an_error_are_reported(plain: Path) -> None:
    index = scan(plain)
    longer = dataclasses.replace(
        index, pts=np.append(index.pts, index.pts[-1] * 2), end_pts=index.end_pts * 2
    )
    with pytest.raises(CorruptFrames, match=r"the frame at 4\.72 s is damaged or missing; get"):
        read_frames(plain, longer, [4.8])


@pytest.mark.parametrize("start", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts"])
def test_damaged_bytes_never_give_another_frame(
    tmp_path: Path, video: Writer, numbers: Numbers, start: float, suffix: str
) -> None:
    path = video(tmp_path / f"damaged.{suffix}", options={"g": "12", "qp": "8"})
    data = bytearray(path.read_bytes())
    first = int(len(data) * start)
    data[first : first + 1500] = np.random.default_rng(1).bytes(1500)
    path.write_bytes(data)
    try:
        frames = read_frames(path, scan(path), np.arange(60) / 25 + 0.01)
    except (CorruptFrames, Truncated, NotAVideo) as refusal:
        assert "get it again" in refusal.reason  # noqa: PT017 -- right frames are fine too
    else:
        assert numbers(frames.rgb) == list(range(60))


def test_a_change_of_size_is_refused(tmp_path: Path, video: Writer) -> None:
    small = video(tmp_path / "small.ts")
    large = video(tmp_path / "large.ts", tuple(range(60, 120)), size=(128, 96))
    both = tmp_path / "both.ts"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(ResolutionChanges, match="changes from 64x48 to 128x96; cut or convert"):
        check_decodes(both, scan(both))


def test_a_picture_above_the_cap_is_refused_while_reading(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = scan(plain)
    monkeypatch.setattr("zs_dagster.video.container.MAX_PIXELS", 3071)
    with pytest.raises(TooLarge, match="64x48 pixels, more than the cap of 3071"):
        read_frames(plain, index, [0.0])


def test_a_file_that_vanished_is_reported(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(NotReadable, match="no such file or directory"):
        read_frames(tmp_path / "gone.mp4", scan(plain), [0.0])


def test_a_damaged_frame_is_not_hidden_under_the_one_before(
    tmp_path: Path, video: Writer, numbers: Numbers
) -> None:
    path = video(tmp_path / "damaged.ts", options={"g": "12", "bf": "2"})
    data = bytearray(path.read_bytes())
    # Four flipped bits that the decoder would conceal by itself.
    for place in np.random.default_rng(36).integers(len(data) // 5, len(data) - 1, 4).tolist():
        data[place] ^= 1 << place % 8
    path.write_bytes(data)
    try:
        found = numbers(read_frames(path, scan(path), np.arange(60) / 25 + 0.01).rgb)
    except CorruptFrames:
        return
    assert found == list(range(60))
