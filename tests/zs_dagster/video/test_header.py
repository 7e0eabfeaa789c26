"""What headers claim, read in children."""

from collections.abc import Callable
from pathlib import Path

import pytest

from zs_dagster.errors import VideoError
from zs_dagster.video.decoders import Decoders
from zs_dagster.video.header import Header, read_header

Writer = Callable[..., Path]


def test_a_header_tells_length_and_size(tmp_path: Path, video: Writer) -> None:
    path = video(tmp_path / "a.mp4", range(50), rate=25, size=(80, 48))
    assert vars(read_header(path)) == {
        "duration_s": pytest.approx(2.0),
        "width": 80,
        "height": 48,
        "rate": "25",
    }


def test_children_read_many_and_say_why_not(tmp_path: Path, video: Writer) -> None:
    good = video(tmp_path / "a.mkv", range(25), rate=25)
    bad = tmp_path / "b.mp4"
    bad.write_bytes(b"this is no video" * 64)
    gone = tmp_path / "c.mp4"
    with Decoders(2) as pool:
        found = dict(pool.header_many([good, bad, gone]))
    assert list(found) == [good, bad, gone]
    header = found[good]
    assert isinstance(header, Header)
    assert header.duration_s == pytest.approx(1.0, abs=0.05)
    for path, reason in ((bad, "not a whole file"), (gone, "no such file")):
        error = found[path]
        assert isinstance(error, VideoError)
        assert reason in error.reason
