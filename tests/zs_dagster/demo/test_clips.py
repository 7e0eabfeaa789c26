"""Clips of single actions: unseen combinations, drawn once, each with its label."""

import csv
from pathlib import Path

import pytest

from zs_dagster.demo import clips
from zs_dagster.demo.clips import clip_classes, clip_scripts, write_clips
from zs_dagster.demo.world import SEEN


def test_every_class_is_a_combination_that_training_never_saw() -> None:
    actors = {action.combination for action in clip_classes()}
    assert len(actors) == len(clip_classes()) == 8
    assert actors.isdisjoint(SEEN)


def test_the_actor_acts_once_and_everything_else_is_seen() -> None:
    for script, action in zip(
        clip_scripts(), [a for a in clip_classes() for _ in range(12)], strict=True
    ):
        tracks = script.story.tracks
        (acted,) = [track for track in tracks if track.combination == action.combination]
        assert 0 < acted.poses[0].time_s < acted.poses[-1].time_s < script.story.duration_s
        others = {track.combination for track in tracks} - {action.combination}
        assert others <= set(SEEN)


def test_clips_and_labels_are_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "CLIPS_PER_CLASS", 1)
    write_clips(tmp_path)
    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_clips(tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files
    text = (tmp_path / "ground_truth.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert {f"{row['video']}.mp4" for row in rows} <= set(files)
    assert [row["label"] for row in rows] == [action.label for action in clip_classes()]
    assert {row["start_s"] + row["end_s"] for row in rows} == {""}
