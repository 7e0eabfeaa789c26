"""A folder of good and hostile files: each failure is a row, the rest is processed."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.assets.conftest import Run
    from tests.conftest import TinyHome

GOOD = ["100%03d", "a:b", "first", "nested/second", "spaces and ünïcödé 視頻", "third"]
HOSTILE = {
    "broken": "NotAVideo",
    "caf\\xe9": "NotReadable",
    "cut": "NotAVideo",
    "device": "NotAFile",
    "folder": "NotAFile",
    "gone": "NotReadable",
    "loop": "NotReadable",
    "pipe": "NotAFile",
    "playlist": "NotAVideo",
    "zero": "EmptyFile",
}


def fill(tiny: "TinyHome") -> None:
    """Add good files with awkward names, and what is no video, to the folder of `tiny`."""
    folder = tiny.videos
    first = (folder / "first.mp4").read_bytes()
    for name in ("100%03d", "a:b", "spaces and ünïcödé 視頻"):
        (folder / f"{name}.mp4").write_bytes(first + name.encode())
    (folder / os.fsdecode(b"caf\xe9.mp4")).write_bytes(first)
    (folder / "cut.mp4").write_bytes(first[: len(first) // 2])
    (folder / "zero.mp4").touch()
    (folder / "playlist.mp4").write_text("#EXTM3U\n#EXTINF:9,\nfirst.mp4\n#EXT-X-ENDLIST\n")
    (folder / "folder.mp4").mkdir()
    os.mkfifo(folder / "pipe.mp4")
    for name, target in (("loop", "loop.mp4"), ("gone", "nothing"), ("device", "/dev/zero")):
        (folder / f"{name}.mp4").symlink_to(target)
    (folder / "round").symlink_to(folder)


def test_every_failure_is_a_row_and_the_rest_is_processed(
    tiny: "TinyHome", run_localize: "Callable[..., Run]"
) -> None:
    fill(tiny)
    run = run_localize(tiny, only=["videos", "annotations", "frame_features"])
    tables = Home(tiny.root).tables
    rows = tables.rows("videos", "tiny")
    assert {row["video_id"]: row["error"] for row in rows if row["error"]} == HOSTILE
    assert all(row["reason"] for row in rows if row["error"])
    assert [row["video_id"] for row in rows if row["status"] == "ok"] == GOOD
    assert run.metadata["videos"]["unreadable"] == len(HOSTILE)
    assert [row["video_id"] for row in tables.rows("frame_features", "tiny")] == GOOD
