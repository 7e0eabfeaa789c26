"""Every frame returned is the one shown at the time, told by the number drawn on it."""

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
from zs_dagster.video.frames import FloatArray
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


def shown(kind: str, times_s: FloatArray) -> list[int]:
    """The number shown at each time, from what was written rather than from what is read."""
    pts = np.array(KINDS[kind][1])
    starts = (pts - pts[0]) / 25
    # Containers round to milliseconds at worst.
    after = np.searchsorted(starts, times_s + 2e-3, side="right") - 1
    return [int(k) for k in np.maximum(after, 0)]


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
    rounded_down = np.nextafter(index.seconds(index.pts), -1)
    assert numbers(read_frames(plain, index, rounded_down).rgb) == list(range(60))


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


def test_sparse_times_are_reached_by_jumps(plain: Path) -> None:
    index = scan(plain)
    with Cursor(plain, index) as cursor:
        assert cursor.at(int(index.pts[50])).pts == index.pts[50]
        assert cursor.n_decoded < 20


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
    plain: Path,
    times: list[float],
    size: tuple[int, int] | None,
    chunk: int,
    message: str,
) -> None:
    with pytest.raises(InputError, match=message):
        list(iter_frames(plain, scan(plain), times, size, chunk=chunk))
