"""Captioned videos: seen combinations only, each segment told with thing and motion."""

import json
from pathlib import Path

import pytest

from zs_dagster.datasets.catalogue import SHIPPED, load_dataset
from zs_dagster.demo import captioned
from zs_dagster.demo.captioned import (
    ACTIONS_PER_VIDEO,
    caption_classes,
    caption_scripts,
    captions_text,
    write_captioned,
)
from zs_dagster.demo.clips import clip_classes
from zs_dagster.demo.training.words import clip_tokenizer
from zs_dagster.demo.world import HELD_OUT, MOTIONS, SEEN


def test_no_held_out_combination_is_shown_or_named() -> None:
    held_out = {c for group in HELD_OUT.values() for c in group}
    for script in caption_scripts():
        assert held_out.isdisjoint(track.combination for track in script.story.tracks)
    for entry in json.loads(captions_text()).values():
        for text in entry["sentences"]:
            assert not [c for c in held_out if set(c) <= set(text.split())], text


def test_every_segment_says_its_thing_and_its_motion() -> None:
    entries = json.loads(captions_text())
    for script in caption_scripts():
        entry, actions = entries[script.video_id], script.story.actions
        assert len(actions) == len(entry["sentences"]) == ACTIONS_PER_VIDEO
        for action, (start_s, end_s), text in zip(
            actions, entry["timestamps"], entry["sentences"], strict=True
        ):
            assert (start_s, end_s) == (action.start_s, action.end_s)
            assert 0 < start_s < end_s < entry["duration"] == script.story.duration_s
            motion = action.action.motion
            assert set(action.action.combination) <= set(text.split())
            assert motion.verb in text or motion.gerund in text


def test_every_seen_combination_acts_about_equally_often_in_every_motion() -> None:
    actions = [a.action for script in caption_scripts() for a in script.story.actions]
    counts = [sum(a.combination == c for a in actions) for c in SEEN]
    assert max(counts) - min(counts) <= 1
    for motion in MOTIONS.values():
        share = sum(a.motion == motion for a in actions) / len(actions)
        assert share == pytest.approx(1 / len(MOTIONS), abs=0.05)


def test_the_text_tower_knows_every_word() -> None:
    tokenizer = clip_tokenizer()
    for entry in json.loads(captions_text()).values():
        for text in entry["sentences"]:
            assert tokenizer.unk_token_id not in tokenizer(text)["input_ids"], text


def test_the_shipped_dataset_names_what_may_be_shown_and_no_class_to_recognise() -> None:
    dataset = load_dataset(SHIPPED / "demo-captions.yaml")
    assert dataset.classes == tuple(action.label for action in caption_classes())
    assert not set(dataset.classes) & {action.label for action in clip_classes()}


def test_videos_and_captions_are_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captioned, "NUM_VIDEOS", 1)
    write_captioned(tmp_path)
    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_captioned(tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files
    assert set(files) == {"captioned-000.mp4", "captions.json", "manifest.json"}
