"""Videos and ground truth: what is probed again, what is left out, and what is refused."""

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from zs_dagster.errors import DatasetError
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.assets.conftest import Finished, Run
    from tests.conftest import TinyHome

    RunLocalize = Callable[..., Run]

RISES = "purple ball rises"
N_FILES = 4
PROVENANCE = {"run_id", "created_at", "git_commit"}


def metrics(home: Home) -> list[dict[str, Any]]:
    rows = home.tables.rows("localization_metrics", "tiny")
    return [{k: v for k, v in row.items() if k not in PROVENANCE} for row in rows]


def test_ground_truth_of_other_videos_alone_is_refused(
    tiny: "TinyHome", run_localize: "RunLocalize"
) -> None:
    tiny.annotate({"fisrt": [(RISES, 1.0, 2.0)], "other": [(RISES, 0.0, 1.0)]})
    with pytest.raises(
        DatasetError,
        match=r"annotations of dataset 'tiny': no-video-annotated: 1 \(the first video is "
        r"'broken', the first annotated one 'fisrt'\); correct the ids, or `videos\.prefix`",
    ):
        run_localize(tiny)
    tables = Home(tiny.root).tables
    assert tables.has("videos", "tiny")
    assert not tables.has("annotations", "tiny")
    assert not tables.has("localization_metrics", "tiny")


def test_ground_truth_of_other_videos_is_left_out_and_changes_no_number(
    again: "TinyHome",
    finished: "Finished",
    run_localize: "RunLocalize",
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = finished.home.tables.rows("annotations", "tiny")
    truth: dict[str, list[tuple[str, float, float]]] = {
        "elsewhere": [(RISES, 0.0, 1.0), (RISES, 2.0, 3.0)],
        "far/away": [(RISES, 0.0, 1.0)],
    }
    for row in rows:
        actions = truth.setdefault(row["video_id"], [])
        actions.append((row["label"], row["start_s"], row["end_s"]))
    again.annotate(truth)
    with caplog.at_level(logging.WARNING, "zs_dagster.annotations"):
        run = run_localize(again)
    home = Home(again.root)
    assert finished.run.metadata["annotations"]["left_out"] == 0
    assert run.metadata["annotations"]["left_out"] == 3
    assert home.tables.rows("annotations", "tiny") == rows
    assert metrics(home) == metrics(finished.home) != []
    assert "missing-video: 2 (elsewhere (coverage 60.0%); far/away (coverage 60.0%))" in (
        caplog.text
    )


def test_an_unreadable_video_keeps_its_ground_truth(
    tiny: "TinyHome", run_localize: "RunLocalize"
) -> None:
    tiny.annotate({"broken": [(RISES, 0.0, 1.0)]})
    run = run_localize(tiny, only=["videos", "annotations"])
    assert run.metadata["annotations"]["left_out"] == 0
    rows = Home(tiny.root).tables.rows("annotations", "tiny")
    assert [row["video_id"] for row in rows] == ["broken"]


def test_only_touched_files_are_probed_again(
    tiny: "TinyHome", run_localize: "RunLocalize"
) -> None:
    first = run_localize(tiny, only=["videos"])
    assert (first.computed("videos"), first.reused("videos")) == (N_FILES, 0)
    second = run_localize(tiny, only=["videos"])
    assert (second.computed("videos"), second.reused("videos")) == (0, N_FILES)
    os.utime(tiny.videos / "third.mp4", ns=(1, 1))
    third = run_localize(tiny, only=["videos"])
    assert (third.computed("videos"), third.reused("videos")) == (1, N_FILES - 1)
    assert first.version["videos"] == second.version["videos"] == third.version["videos"]


def test_a_repaired_file_is_read(tiny: "TinyHome", run_localize: "RunLocalize") -> None:
    assert run_localize(tiny, only=["videos"]).metadata["videos"]["unreadable"] == 1
    (tiny.videos / "broken.mp4").write_bytes((tiny.videos / "third.mp4").read_bytes())
    run = run_localize(tiny, only=["videos"])
    assert run.metadata["videos"]["unreadable"] == 0
    assert run.computed("videos") == 1


def test_a_file_that_changed_since_it_was_probed_is_not_encoded_under_its_old_name(
    tiny: "TinyHome", run_localize: "RunLocalize", caplog: pytest.LogCaptureFixture
) -> None:
    run_localize(tiny, only=["videos"])
    third = (tiny.videos / "third.mp4").read_bytes()
    (tiny.videos / "first.mp4").write_bytes(third)
    with caplog.at_level(logging.WARNING, "zs_dagster.frame_features"):
        run = run_localize(tiny, only=["frame_features"])
    home = Home(tiny.root)
    rows = home.tables.rows("frame_features", "tiny")
    assert [row["video_id"] for row in rows] == ["nested/second", "third"]
    assert run.metadata["frame_features"]["left_out"] == 1
    assert run.computed("frame_features") == 2
    stored = {path.stem for path in (home.store.root / "frame_features").rglob("*.safetensors")}
    assert stored == {row["key"] for row in rows}
    assert "first is left out: " in caplog.text
    # The next run of everything takes the file as it is: the same content as `third`.
    whole = run_localize(tiny, only=["videos", "frame_features"])
    assert (whole.computed("frame_features"), whole.reused("frame_features")) == (0, 3)
