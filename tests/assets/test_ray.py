"""The stages that ask models, on workers of a real Ray cluster and in this process."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assets import feature_encoding, frame_answers, frame_confidence, frame_features
from tests.resources.works import die_once
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.assets.conftest import Finished, Run

    RunLocalize = Callable[..., Run]

STAGES = ("frame_features", "frame_confidence")


def forget(home: Home) -> None:
    """Remove what the two stages made."""
    for stage in STAGES:
        shutil.rmtree(home.store.root / stage)
        shutil.rmtree(home.tables.root / stage)
    for kind in ("answer_tokens", "throughput"):
        shutil.rmtree(home.store.root / kind)


def break_a_video(home: Home, broken: Path) -> None:
    """Let `third`, which was whole when it was probed, be a file that cannot be read."""
    videos = home.tables.rows("videos", "tiny")
    for row in videos:
        row.pop("dataset")
        if row["video_id"] == "third":
            row["path"] = str(broken)
    home.tables.write("videos", "tiny", videos)


def rows(home: Home, table: str) -> list[dict[str, Any]]:
    parts = home.tables.parts(table, "tiny") if table == "frame_confidence" else [None]
    found = [
        row for part in parts for row in home.tables.rows(table, "tiny", *filter(None, [part]))
    ]
    return sorted(found, key=repr)


@pytest.mark.usefixtures("ray_cluster")
def test_workers_of_which_one_dies_make_the_tables_of_one_process(
    finished: "Finished",
    run_localize: "RunLocalize",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs, homes = [], []
    for kind in ("local", "ray"):
        files = finished.files.copy(tmp_path / kind)
        homes.append(Home(files.root))
        forget(homes[-1])
        break_a_video(homes[-1], files.videos / "broken.mp4")
        monkeypatch.setenv("ZS_COMPUTE", kind)
        monkeypatch.setenv("ZS_RAY_WORKERS", "2")
        if kind == "ray":
            encode = partial(die_once, work=feature_encoding.encode, mark=tmp_path / "one")
            monkeypatch.setattr(frame_features, "encode", encode)
            ask = partial(die_once, work=frame_answers.ask, mark=tmp_path / "two")
            monkeypatch.setattr(frame_confidence, "ask", ask)
        runs.append(run_localize(files, only=[*STAGES, "candidate_classes"]))
    here, there = runs
    assert (tmp_path / "one").exists()
    assert (tmp_path / "two").exists()
    assert there.version == here.version
    for stage in STAGES:
        assert rows(homes[1], stage) == rows(homes[0], stage)
        assert len(rows(homes[1], stage)) > 0
        assert there.computed(stage) == here.computed(stage) > 0
    assert there.metadata["frame_features"]["left_out"] == 1
    for kind in ("throughput", "answer_tokens"):
        assert list((homes[1].store.root / kind).rglob("*.json")), kind
