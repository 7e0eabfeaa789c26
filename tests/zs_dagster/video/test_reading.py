"""Every frame returned is the one shown at the time asked for, told by the number drawn on it."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.video.cursor import Cursor
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

CONSTANT = tuple(range(60))
VARIABLE = tuple(np.cumsum([1, 1, 5, 1, 2, 40, 1, 1, 3, 1] * 6).tolist())
B_FRAMES = {"g": "12", "bf": "3"}
OPEN_GOP = {"x264-params": "open-gop=1:keyint=12:min-keyint=12:scenecut=0:bframes=3:b-adapt=0"}
INTRA_REFRESH = {"x264-params": "intra-refresh=1:keyint=12:bframes=0"}
KINDS: dict[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    "constant": ("mp4", CONSTANT, {"options": {"g": "12", "bf": "0"}}),
    "b_frames": ("mp4", CONSTANT, {"options": B_FRAMES}),
    "fragmented": (
        "mp4",
        CONSTANT,
        {"options": B_FRAMES, "container_options": {"movflags": "frag_keyframe+empty_moov"}},
    ),
    "one_key": ("mkv", CONSTANT, {"options": {"g": "600"}}),
    "variable": ("mp4", VARIABLE, {"options": B_FRAMES}),
    "variable_mkv": ("mkv", VARIABLE, {"options": B_FRAMES}),
    "open_gop": ("mp4", CONSTANT, {"options": OPEN_GOP}),
    "open_gop_mkv": ("mkv", CONSTANT, {"options": OPEN_GOP}),
    "intra_refresh": ("mp4", CONSTANT, {"options": INTRA_REFRESH}),
    "hevc": ("mkv", CONSTANT, {"codec": "libx265", "options": {"x265-params": "keyint=12"}}),
    "vp9": ("webm", CONSTANT, {"codec": "libvpx-vp9", "options": {"g": "12"}}),
    "vp8": ("webm", CONSTANT, {"codec": "libvpx", "options": {"g": "12"}}),
    "offset": ("mkv", tuple(range(125, 185)), {"options": B_FRAMES}),
    "offset_mp4": ("mp4", tuple(range(125, 185)), {"options": B_FRAMES}),
    "transport": ("ts", CONSTANT, {"options": B_FRAMES}),
    "program": ("mpg", CONSTANT, {"codec": "mpeg2video", "options": B_FRAMES}),
    "avi": ("avi", CONSTANT, {"codec": "mpeg4", "options": {"g": "12"}}),
    "avi_b_frames": ("avi", CONSTANT, {"codec": "mpeg4", "options": B_FRAMES}),
    "avi_h264": ("avi", CONSTANT, {"options": B_FRAMES}),
    "flv": ("flv", CONSTANT, {"options": B_FRAMES}),
    "odd_size": ("mp4", CONSTANT, {"size": (75, 53), "pix_fmt": "yuv444p"}),
    "one_frame": ("mp4", (0,), {}),
    "two_frames": ("mkv", (0, 1), {}),
    "all_keys": ("mp4", CONSTANT, {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, video: Writer) -> Callable[[str], Path]:
    """Write each kind of file once."""
    folder = tmp_path_factory.mktemp("kinds")

    def get(kind: str) -> Path:
        suffix, pts, options = KINDS[kind]
        path = folder / f"{kind}.{suffix}"
        return path if path.exists() else video(path, pts, **options)

    return get


def shown(kind: str, times_s: Any) -> list[int]:
    """The number shown at each time, from what was written rather than from what is read."""
    pts = np.array(KINDS[kind][1])
    starts = (pts - pts[0]) / 25
    # Containers round to milliseconds at worst.
    after = np.searchsorted(starts, np.asarray(times_s) + 2e-3, side="right") - 1
    return np.maximum(after, 0).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_each_frame_is_found_at_its_own_time(
    library: Callable[[str], Path], numbers: Numbers, kind: str
) -> None:
    path = library(kind)
    info = probe(path)
    pts = np.array(KINDS[kind][1])
    times = (pts - pts[0]) / 25 + 2e-3
    frames = read_frames(path, info.index, times)
    assert numbers(frames.rgb) == list(range(pts.size))
    np.testing.assert_allclose(frames.time_s, times - 2e-3, atol=1.01e-3)
    assert frames.rgb.flags.c_contiguous
    assert frames.rgb.shape == (pts.size, info.height, info.width, 3)
    check_decodes(path, info.index)


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(picks=st.lists(st.integers(-50, 2600), max_size=9), ordered=st.booleans())
def test_any_times_in_any_order_give_the_frames_shown(
    library: Callable[[str], Path],
    numbers: Numbers,
    kind: str,
    picks: list[int],
    ordered: bool,
) -> None:
    # A hundredth of a second after a multiple of 1/25: away from the borders of frames.
    times = np.array(sorted(picks) if ordered else picks, dtype=np.float64) / 25 + 0.01
    path = library(kind)
    index = scan(path)
    together = read_frames(path, index, times)
    assert numbers(together.rgb) == shown(kind, times)
    np.testing.assert_array_equal(together.requested_s, times)
    chunks = list(iter_frames(path, index, times, chunk=2))
    assert [len(chunk) for chunk in chunks] == [2] * (times.size // 2) + [1] * (times.size % 2)
    for column in ("rgb", "time_s", "requested_s"):
        parts = [getattr(chunk, column) for chunk in chunks] or [getattr(together, column)]
        np.testing.assert_array_equal(np.concatenate(parts), getattr(together, column))


def test_times_on_a_border_belong_to_the_frame_that_starts(
    plain: Path, numbers: Numbers
) -> None:
    index = scan(plain)
    exact = read_frames(plain, index, index.seconds(index.pts))
    assert numbers(exact.rgb) == list(range(60))
    tenths = read_frames(plain, index, np.arange(20) * 0.04)
    assert numbers(tenths.rgb) == list(range(20))


def test_before_the_first_and_after_the_last_frame(plain: Path, numbers: Numbers) -> None:
    frames = read_frames(plain, scan(plain), [-5.0, 1e6])
    assert numbers(frames.rgb) == [0, 59]
    np.testing.assert_allclose(frames.time_s, [0, 59 / 25])


def test_no_times_give_no_frames(plain: Path) -> None:
    frames = read_frames(plain, scan(plain), [], (10, 8))
    assert frames.rgb.shape == (0, 8, 10, 3)
    assert list(iter_frames(plain, scan(plain), [])) == []


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_is_applied(
    tmp_path: Path, video: Writer, numbers: Numbers, rotation: int
) -> None:
    path = video(tmp_path / "turned.mp4", rotation=rotation, size=(96, 64))
    info = probe(path)
    assert (info.width, info.height) == ((96, 64) if rotation == 180 else (64, 96))
    for size in (None, (info.width // 2, info.height // 2)):
        frames = read_frames(path, info.index, [0.41, 1.21], size)
        assert frames.rgb.shape[1:3] == (size or (info.width, info.height))[::-1]
        upright = np.rot90(frames.rgb, -info.rotation // 90, axes=(1, 2))
        assert numbers(upright) == [10, 30]


def test_a_half_turned_picture_has_its_top_left_cell_at_the_bottom_right(
    tmp_path: Path, video: Writer, numbers: Numbers
) -> None:
    path = video(tmp_path / "half.mp4", rotation=180)
    frames = read_frames(path, scan(path), [0.41])
    assert numbers(frames.rgb[:, ::-1, ::-1]) == [10]


def test_size_scales_and_keeps_the_content(plain: Path, numbers: Numbers) -> None:
    frames = read_frames(plain, scan(plain), [1.01], (131, 77))
    assert frames.rgb.shape == (1, 77, 131, 3)
    assert frames.rgb.dtype == np.uint8
    assert numbers(frames.rgb) == [25]


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


def test_sparse_times_are_reached_by_jumps(plain: Path) -> None:
    index = scan(plain)
    with Cursor(plain, index) as cursor:
        assert cursor.at(int(index.pts[50])).pts == index.pts[50]
        assert cursor.n_decoded < 20


@pytest.mark.parametrize("parts", [("early", "early"), ("late", "early")])
def test_times_that_repeat_or_go_back_are_replaced_by_the_order(
    tmp_path: Path, video: Writer, numbers: Numbers, parts: tuple[str, str]
) -> None:
    first = {"early": 0, "late": 60}
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
    refusals = (CorruptFrames, Truncated, NotAVideo)
    with pytest.raises(refusals, match="get it again"):
        frames = read_frames(path, scan(path), np.arange(60) / 25 + 0.01)
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


@pytest.mark.parametrize(
    ("times", "size", "chunk", "message"),
    [
        pytest.param([0, math.nan], None, 1, r"finite, got nan at 1; 1 of 2 are not", id="nan"),
        pytest.param([math.inf], None, 1, r"times_s must be finite, got inf at 0", id="inf"),
        pytest.param([[0.0]], None, 1, r"must have shape \(N,\), got \(1, 1\)", id="shape"),
        pytest.param([0], (0, 5), 1, r"each >= 1, got \(0, 5\)", id="size"),
        pytest.param([0], None, 0, r"chunk must be >= 1 frame, got 0", id="chunk"),
    ],
)
def test_arguments_are_checked(
    plain: Path, times: Any, size: Any, chunk: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        list(iter_frames(plain, scan(plain), times, size, chunk=chunk))
