"""Video files: the same bytes every time, written once, completed when interrupted."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from zs_dagster.demo import videos
from zs_dagster.demo.stories import FPS
from zs_dagster.demo.videos import SIZE, draw, ground_truth, scripts, write_videos
from zs_dagster.demo.world import SEEN, classes
from zs_dagster.progress import listening


@pytest.fixture(autouse=True)
def few_short_videos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(videos.NUM_VIDEOS, "validation", 3)
    monkeypatch.setattr(videos, "DURATION_S", (20, 30))


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_script_gives_the_same_frames() -> None:
    first, second = (list(draw(scripts("validation")[0])) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first[0].shape == (SIZE, SIZE, 3)


def test_two_folders_get_the_same_bytes(tmp_path: Path) -> None:
    write_videos(tmp_path / "one", "validation")
    write_videos(tmp_path / "two", "validation")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_decoded_video_shows_what_was_drawn(tmp_path: Path) -> None:
    write_videos(tmp_path, "validation")
    script = scripts("validation")[0]
    with av.open(str(tmp_path / f"{script.video_id}.mp4")) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        decoded = [
            frame.to_ndarray(format="rgb24").astype(int) for frame in file.decode(stream)
        ]
    drawn = np.array(list(draw(script)), int)
    assert len(decoded) == script.story.duration_s * FPS
    assert np.abs(np.array(decoded) - drawn).mean() < 6


def test_a_second_call_keeps_every_file(tmp_path: Path) -> None:
    write_videos(tmp_path, "validation")
    before = times(tmp_path)
    seen: list[tuple[str, int, int]] = []
    with listening(lambda *told: seen.append(told)):
        write_videos(tmp_path, "validation")
    assert times(tmp_path) == before
    assert seen == [(videos.DRAWING, done, 3) for done in range(4)]


def test_an_interrupted_folder_is_completed(tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(_: str, done: int, __: int) -> None:
        if done:
            raise StoppedError

    with pytest.raises(StoppedError), listening(stop):
        write_videos(tmp_path, "validation")
    assert not (tmp_path / "ground_truth.json").exists()
    first = tmp_path / "validation-00.mp4"
    before = first.stat().st_mtime_ns
    write_videos(tmp_path, "validation")
    assert first.stat().st_mtime_ns == before
    assert sorted(tmp_path.glob("*.mp4")) == [
        tmp_path / f"validation-{number:02d}.mp4" for number in range(3)
    ]


@pytest.mark.parametrize("damage", [b"", b"not a video"])
def test_a_damaged_video_is_drawn_again(tmp_path: Path, damage: bytes) -> None:
    write_videos(tmp_path, "validation")
    path = tmp_path / "validation-01.mp4"
    whole = path.read_bytes()
    path.write_bytes(damage)
    write_videos(tmp_path, "validation")
    assert path.read_bytes() == whole


def test_another_generator_draws_everything_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_videos(tmp_path, "validation")
    before = times(tmp_path)
    monkeypatch.setattr(videos, "GENERATOR_VERSION", "next")
    write_videos(tmp_path, "validation")
    assert all(times(tmp_path)[name] != time for name, time in before.items())
    assert json.loads((tmp_path / "manifest.json").read_text())["generator"] == "next"


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"generator": "1"}'])
def test_an_unreadable_manifest_counts_as_none(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    write_videos(tmp_path, "validation")
    assert len(json.loads((tmp_path / "manifest.json").read_text())["blake2b"]) == 3


class TestWholeSplits:
    """The shipped size of both splits; nothing is drawn."""

    @pytest.fixture(autouse=True)
    def few_short_videos(self) -> None:
        """Replace the fixture above."""

    def test_the_test_split_is_large_enough(self) -> None:
        database = ground_truth(scripts("test"))["database"]
        labels = [a["label"] for v in database.values() for a in v["annotations"]]
        assert len(database) >= 26
        assert len(labels) >= 110
        assert set(labels) == {action.label for action in classes("test")}
        assert {entry["subset"] for entry in database.values()} == {"test"}

    def test_the_splits_share_neither_seeds_nor_classes(self) -> None:
        validation, test = scripts("validation"), scripts("test")
        assert len(validation) >= 12
        assert {s.seed for s in validation}.isdisjoint(s.seed for s in test)
        assert set(classes("validation")).isdisjoint(classes("test"))

    def test_whatever_does_not_act_is_a_seen_pair(self) -> None:
        for split in ("validation", "test"):
            for script in scripts(split):
                acting = {action.combination for action in classes(split)}
                shown = {track.combination for track in script.story.tracks}
                assert len(shown & acting) == 2
                assert shown - acting <= set(SEEN)

    def test_videos_last_a_minute_or_more(self) -> None:
        durations = [s.story.duration_s for s in (*scripts("test"), *scripts("validation"))]
        assert 60 <= min(durations) <= max(durations) <= 90
