"""Facts of files that are known because they were just written, and why files are refused."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zs_dagster.errors import VideoError
from zs_dagster.video import container
from zs_dagster.video.errors import (
    CorruptFrames,
    EmptyFile,
    NotAFile,
    NotAVideo,
    NotReadable,
    NoVideoStream,
    TooLarge,
    Truncated,
    UnsupportedCodec,
)
from zs_dagster.video.probe import probe
from zs_dagster.video.scan import scan

Writer = Callable[..., Path]


def test_facts_of_a_known_file(plain: Path) -> None:
    info = probe(plain)
    assert (info.codec, info.container) == ("h264", "mov,mp4,m4a,3gp,3g2,mj2")
    assert (info.width, info.height, info.rotation) == (64, 48, 0)
    assert (info.n_frames, info.fps, info.duration_s) == (60, 25.0, 2.4)
    assert info.start_pts == 0
    assert info.seekable
    assert not info.synthetic_time
    assert info.size_bytes == plain.stat().st_size
    assert info.content_hash == hashlib.blake2b(plain.read_bytes(), digest_size=16).hexdigest()
    assert info == probe(str(plain))


def test_the_index_holds_every_frame_and_the_key_frames(plain: Path) -> None:
    index = scan(plain)
    np.testing.assert_allclose(index.seconds(index.pts), np.arange(60) / 25)
    np.testing.assert_allclose(index.seconds(index.key_pts), np.arange(0, 60, 12) / 25)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_time_counts_from_the_first_frame(tmp_path: Path, video: Writer, suffix: str) -> None:
    info = probe(video(tmp_path / f"late.{suffix}", tuple(range(250, 310))))
    assert info.duration_s == pytest.approx(2.4, abs=2e-3)
    assert info.fps == pytest.approx(25, rel=1e-3)
    assert info.start_pts * info.time_base[0] / info.time_base[1] > 5


def test_variable_rate_gives_the_average(tmp_path: Path, video: Writer) -> None:
    info = probe(video(tmp_path / "pause.mkv", (0, 1, 2, 3, 99)))
    assert info.duration_s == pytest.approx(4.0, abs=2e-3)
    assert info.fps == pytest.approx(1.25, rel=1e-3)


@pytest.mark.parametrize("name", ["a b %03d.mp4", "file:x:y.mp4", "ünï.mp4", "no_suffix"])
def test_odd_names_are_only_names(plain: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(plain.read_bytes())
    assert probe(path).n_frames == 60


def test_a_relative_name_is_no_protocol(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("http:x.mp4").write_bytes(plain.read_bytes())
    assert probe("http:x.mp4").n_frames == 60


def test_names_that_are_no_text(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    path.write_bytes(plain.read_bytes())
    # Tables hold text, so such a file could be probed but never found again.
    with pytest.raises(NotReadable, match=r"caf\\xe9\.mp4': its name is not UTF-8; rename it"):
        probe(path)


def test_links_are_followed(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "link.mp4").symlink_to(plain)
    assert probe(tmp_path / "link.mp4") == probe(plain)


def refusal(path: Path) -> VideoError:
    with pytest.raises(VideoError, match="cannot read video '") as caught:
        probe(path)
    return caught.value


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    expected = {
        "missing.mp4": (NotReadable, "no such file or directory"),
        "loop.mp4": (NotReadable, "too many levels of symbolic links"),
        "nul\0.mp4": (NotReadable, "embedded null byte"),
        ".": (NotAFile, "not a regular file; give the path of a video file"),
        "pipe.mp4": (NotAFile, "not a regular file; give the path of a video file"),
    }
    for name, (kind, reason) in expected.items():
        error = refusal(tmp_path / name)
        assert (type(error), error.reason) == (kind, reason)


def test_a_file_that_may_not_be_read(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # chmod does not stop the superuser
    error = refusal(plain)
    assert (type(error), error.reason) == (NotReadable, "permission denied")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    error = refusal(tmp_path / "empty.mp4")
    assert type(error) is EmptyFile
    assert error.reason == "the file is empty (0 bytes); copy or download it again"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(np.random.default_rng(0).bytes(50_000), id="garbage"),
        pytest.param(b"once upon a time\n" * 500, id="text"),
        pytest.param(b"\0" * 10_000, id="zeros"),
        pytest.param(b"#EXTM3U\n#EXTINF:2,\nplain.mp4\n#EXT-X-ENDLIST\n", id="playlist"),
        pytest.param(b"ffconcat version 1.0\nfile plain.mp4\n", id="concat"),
    ],
)
def test_what_is_no_video(tmp_path: Path, plain: Path, content: bytes) -> None:
    (tmp_path / "plain.mp4").write_bytes(plain.read_bytes())
    (tmp_path / "other.mp4").write_bytes(content)
    error = refusal(tmp_path / "other.mp4")
    assert type(error) is NotAVideo
    assert error.reason.startswith("not a whole file of an accepted container (mov, matroska")


def test_sound_without_pictures(tmp_path: Path, silence: Writer) -> None:
    error = refusal(silence(tmp_path / "sound.mp4"))
    assert type(error) is NoVideoStream
    assert error.reason == "no moving picture (streams: audio)"


@pytest.mark.parametrize("share", [0.5, 0.8, 0.9])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_file_cut_short(tmp_path: Path, video: Writer, suffix: str, share: float) -> None:
    options = {"movflags": "faststart"} if suffix == "mp4" else {}
    path = video(
        tmp_path / f"cut.{suffix}",
        size=(320, 240),
        container_options=options,
        options={"qp": "4", "g": "5"},
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    error = refusal(path)
    assert isinstance(error, Truncated | CorruptFrames)
    assert error.reason.endswith("; get it again or repair it")


def test_a_cut_says_how_much_is_left(tmp_path: Path, video: Writer) -> None:
    path = video(tmp_path / "cut.mkv", options={"qp": "8", "g": "5"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    error = refusal(path)
    assert type(error) is Truncated
    assert "s of the 2.40 s in its header (" in error.reason


def test_the_index_at_the_end_was_lost(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "no_index.mp4"
    path.write_bytes(plain.read_bytes()[:-1500])
    assert type(refusal(path)) is NotAVideo


def test_a_picture_above_the_cap(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "MAX_PIXELS", 64 * 48 - 1)
    error = refusal(plain)
    assert type(error) is TooLarge
    assert error.reason == "64x48 pixels, more than the cap of 3071; scale it down"
    monkeypatch.setattr(container, "MAX_PIXELS", 64 * 48)
    assert probe(plain).width == 64


def test_a_codec_nobody_knows(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "unknown.mp4"
    path.write_bytes(plain.read_bytes().replace(b"avc1", b"zzz1").replace(b"avcC", b"zzzC"))
    error = refusal(path)
    assert type(error) is UnsupportedCodec
    assert error.reason == "no decoder for its codec; convert it, e.g. to H.264"


def test_importing_loads_no_decoder() -> None:
    code = (
        "import sys, zs_dagster.video.reading, zs_dagster.video.probe;"
        "assert 'av' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
