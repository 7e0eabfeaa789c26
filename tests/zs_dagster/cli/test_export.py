"""`zs-dagster export`, `import`, `provenance` and `diff` on one finished run of tiny videos."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.conftest import DATASET
from zs_dagster.datasets.annotations.reading import read_annotations
from zs_dagster.datasets.annotations.records import Annotation
from zs_dagster.datasets.catalogue import load_dataset
from zs_dagster.datasets.files import find_videos
from zs_dagster.datasets.sources import VideoFolder
from zs_dagster.home import Home
from zs_dagster.video.decoders import Decoders

if TYPE_CHECKING:
    from tests.conftest import TinyHome

Cli = Callable[..., Any]
STAGES = (
    *("class_queries", "videos", "annotations", "class_embeddings", "frame_features"),
    *("candidate_classes", "frame_confidence", "segments", "localization_metrics"),
)
METHODS: dict[str, Any] = {"zeal": {}, "clip-only": {"localizer": "clip-only"}}


@pytest.fixture(scope="module")
def finished(pristine: "TinyHome", tmp_path_factory: pytest.TempPathFactory) -> "TinyHome":
    """The tiny home after two runs that differ in one parameter and one question."""
    from zs_dagster.cli.graph import prepare_environment

    with pytest.MonkeyPatch.context() as patch:
        home = pristine.copy(tmp_path_factory.mktemp("finished") / "home")
        home.describe(localization={**DATASET["localization"], "methods": METHODS})
        patch.setenv("ZS_HOME", str(home.root))
        patch.setenv("DAGSTER_HOME", str(home.root / "dagster"))
        prepare_environment()
        _score({})
        _score(
            {
                "segments": {"parameters": {"confidence_weight": 0.9}},
                "class_queries": {"start_questions": {"purple ball rises": "Is it low?"}},
            }
        )
    return home


def _score(options: dict[str, dict[str, Any]]) -> None:
    """Run up to the metrics and the card; nothing here reads what comes after them."""
    import dagster as dg

    from zs_dagster.cli.staleness import report_sources
    from zs_dagster.definitions import defs

    with dg.DagsterInstance.get() as instance:
        report_sources(instance, "tiny")
        defs.resolve_job_def("localize").execute_in_process(
            partition_key="tiny",
            instance=instance,
            asset_selection=[dg.AssetKey(name) for name in STAGES],
            run_config={"ops": {name: {"config": values} for name, values in options.items()}},
        )


@pytest.fixture
def home(finished: "TinyHome", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "TinyHome":
    copied = finished.copy(tmp_path / "home")
    monkeypatch.setenv("ZS_HOME", str(copied.root))
    monkeypatch.setenv("DAGSTER_HOME", str(copied.root / "dagster"))
    return copied


@pytest.mark.parametrize(
    "form", ["activitynet", "csv", "label-studio", "fiftyone", "via3", "otio", "edl"]
)
def test_what_goes_out_comes_back_as_ground_truth(
    home: "TinyHome", cli: Cli, tmp_path: Path, form: str
) -> None:
    out = tmp_path / "out"
    said = cli("export", "tiny", "--format", form, "--out", out, "--method", "zeal")
    assert (said.status, said.err) == (0, "")
    said = cli("import", out, "--dataset", "tiny", "--format", form, "--name", "checked")
    assert said.status == 0, said.err
    assert "next     zs-dagster run checked" in said.out
    truth = json.loads((home.root / "datasets" / "checked.annotations.json").read_text())
    rows = Home(home.root).tables.rows("segments", "tiny")
    found = sorted(
        (row["video_id"], row["label"], row["start_s"], row["end_s"])
        for row in rows
        if row["method"] == "zeal"
    )
    back = sorted(
        (video, a["label"], *a["segment"])
        for video, entry in truth["database"].items()
        for a in entry["annotations"]
    )
    assert [row[:2] for row in back] == [row[:2] for row in found]
    # The videos have 4 frames per second.
    np.testing.assert_allclose([r[2:] for r in back], [r[2:] for r in found], atol=0.25)


def test_the_new_dataset_has_the_reviewed_videos_under_their_ids_and_the_same_questions(
    home: "TinyHome", cli: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    label = "orange square slides right"
    file.write_text(f"video,start_s,end_s,label\nnested/second,0,1,{label}\n")
    said = cli("import", file, "--dataset", "tiny", "--format", "csv")
    assert "1 segments in 1 videos; 2 that the file does not name are left out" in said.out
    dataset = load_dataset(home.root / "datasets" / "tiny-corrected.yaml")
    assert isinstance(dataset.videos, VideoFolder)
    assert list(find_videos(dataset.videos)) == ["nested/second"]
    assert read_annotations(dataset.annotations).rows == [
        Annotation("nested/second", label, 0.0, 1.0)
    ]
    bank = (home.root / "queries" / "tiny-corrected.yaml").read_text()
    assert "start_question: Is it low?" in bank
    every = ["--name", "all", "--all-videos"]
    said = cli("import", file, "--dataset", "tiny", "--format", "csv", *every)
    assert "1 segments in 3 videos\n" in said.out


def test_clips_hold_exactly_the_frames_of_their_segment(
    home: "TinyHome", cli: Cli, tmp_path: Path
) -> None:
    out = tmp_path / "clips"
    assert cli("export", "tiny", "--format", "clips", "--top", "1", "--out", out).status == 0
    entries = json.loads((out / "clips.json").read_text())
    assert entries
    with Decoders(1) as pool:
        for entry in entries:
            info = pool.probe(out / entry["file"])
            assert info.n_frames == entry["frames"]
            assert info.fps == pytest.approx(4)
            assert (entry["early_s"], entry["late_s"]) == (0.0, 0.0)
            source = home.videos / f"{entry['video_id']}.mp4"
            times = entry["start_s"] + np.arange(entry["frames"]) / 4
            read = [
                np.concatenate([c.rgb for c in pool.iter_frames(path, t)]).astype(int)
                for path, t in ((out / entry["file"], times - times[0]), (source, times))
            ]
            assert np.abs(read[0] - read[1]).mean() < 3


@pytest.mark.usefixtures("home")
def test_a_copied_clip_says_how_far_off_it_is(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "clips"
    said = cli("export", "tiny", "--format", "clips", "--copy", "--top", "1", "--out", out)
    assert said.status == 0, said.err
    with Decoders(1) as pool:
        for entry in json.loads((out / "clips.json").read_text()):
            length = entry["cut_end_s"] - entry["cut_start_s"]
            assert pool.probe(out / entry["file"]).duration_s == pytest.approx(length, abs=0.01)
            assert entry["early_s"] >= 0
            assert entry["late_s"] >= 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tiny", "--format", "xml"], "--format must be one of activitynet, csv"),
        (["nothing", "--format", "csv"], "dataset must be one of"),
        (["demo", "--format", "csv"], "has no segments yet; `zs-dagster run demo` first"),
        (["demo-clips", "--format", "csv"], "is for classification: it has no segments"),
        (["tiny", "--format", "csv", "--method", "x"], "--method must be one of "),
        (["tiny", "--format", "csv", "--video", "x"], "dataset 'tiny' has no video 'x'"),
        (["tiny", "--format", "csv", "--video", "broken"], "'broken' is left out: "),
        (["tiny", "--format", "csv", "--min-score", "99"], "no segment scores 99 or more"),
        (["tiny", "--format", "csv", "--min-score", "nan"], "--min-score must be finite"),
        (["tiny", "--format", "csv", "--top", "0"], "--top must be >= 1, got 0"),
        (["tiny", "--format", "csv", "--copy"], "--copy is for --format clips"),
    ],
)
@pytest.mark.usefixtures("home")
def test_bad_exports_are_refused_and_leave_nothing(
    cli: Cli, tmp_path: Path, arguments: list[str], said: str
) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    ended = cli("export", *arguments, "--out", folder / "out")
    assert ended.status == 2
    assert said in ended.err
    assert not list(folder.iterdir())


@pytest.mark.usefixtures("home")
def test_nothing_is_overwritten_and_an_unwritable_place_is_told(
    cli: Cli, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.write_text("mine")
    ended = cli("export", "tiny", "--format", "csv", "--out", out)
    assert (ended.status, out.read_text()) == (2, "mine")
    assert "--out must not exist" in ended.err
    ended = cli("export", "tiny", "--format", "csv", "--out", out / "below")
    assert ended.status == 2
    assert "--out cannot be made" in ended.err


def test_bad_imports_are_refused_and_leave_nothing(
    home: "TinyHome", cli: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("video,start_s,end_s,label\nfrst,0,1,purple ball rises\n")
    before = sorted((home.root / "datasets").iterdir())
    for arguments, said in (
        ([file, "--dataset", "tiny"], "has no video 'frst'; did you mean 'first'?"),
        ([tmp_path / "b", "--dataset", "tiny"], "No such file or directory; check the path"),
        # Of all that is wrong the file is told first.
        ([tmp_path / "b", "--dataset", "tiny", "--name", "tiny"], "No such file"),
        ([tmp_path / "b", "--dataset", "none"], "No such file"),
        ([file, "--dataset", "tiny", "--name", ""], "--name must be letters"),
        ([file, "--dataset", "tiny", "--name", "../x"], "--name must be letters"),
        ([file, "--dataset", "tiny", "--name", "tiny"], "exists; give another --name"),
        ([file, "--dataset", "demo"], "has no segments yet"),
    ):
        ended = cli("import", *arguments, "--format", "csv")
        assert ended.status == 2
        assert said in ended.err
    assert sorted((home.root / "datasets").iterdir()) == before


def test_the_card_says_what_made_a_number_and_no_place(home: "TinyHome", cli: Cli) -> None:
    ended = cli("provenance", "tiny", "--method", "zeal", "--metric", "average_mAP", "--json")
    said = json.loads(ended.out)
    (row,), card = said["rows"], said["card"]
    assert row["run_id"] == card["run_id"]
    assert row["queries"] == card["queries"]["digest"]
    assert row["lvlm"] == card["models"]["lvlm"]["fingerprint"]
    assert row["parameters"] == card["methods"]["zeal"]
    assert card["models"]["lvlm"]["answer_tokens"]["yes"]
    asked = {q["label"]: q["start_question"] for q in card["queries"]["classes"]}
    assert asked["purple ball rises"] == "Is it low?"
    assert card["run_config"]["segments"]["parameters"] == {"confidence_weight": 0.9}
    assert len(card["videos"]) == 3
    assert not [stage for stage in card["lineage"].values() if stage["stale_inputs"]]
    for place in (home.root, Path.home(), Path(__file__).parents[3]):
        assert f"{place}/" not in ended.out
    ended = cli("provenance", "tiny", "--metric", "x")
    assert (ended.status, "--metric must be one of" in ended.err) == (2, True)
    ended = cli("provenance", "demo")
    assert (ended.status, "has no metrics yet" in ended.err) == (2, True)


@pytest.mark.usefixtures("home")
def test_a_diff_names_what_was_changed_and_only_that(cli: Cli) -> None:
    said = json.loads(cli("diff", "last~1", "last", "--json").out)
    changed = {row["what"]: (row["first"], row["second"]) for row in said["settings"]}
    assert changed["method zeal.parameters.confidence_weight"] == (0.1, 0.9)
    assert not [name for name in changed if name.startswith(("models.", "code.", "video "))]
    assert said["questions"] == [
        {
            "class": "purple ball rises",
            "text": "start_question",
            "first": "Is the purple ball at the bottom?",
            "second": "Is it low?",
        }
    ]
    deltas = {
        row["method"]: row["delta"] for row in said["metrics"] if row["metric"] == "average_mAP"
    }
    paired = {row["method"]: row for row in said["intervals"]}
    assert paired["clip-only"]["identical"]
    for method, row in paired.items():
        assert row["delta"] == pytest.approx(deltas[method])
        assert row["low"] <= row["high"]
    assert "Is it low?" in cli("diff", "last~1", "last").out


def test_runs_without_a_card_are_said_to_have_none(home: "TinyHome", cli: Cli) -> None:
    for path in (home.root / "provenance").iterdir():
        path.unlink()
    said = json.loads(cli("diff", "last~1", "last", "--json").out)
    assert said["questions"].startswith("not known: run ")
    assert said["questions"].endswith(" has no provenance card")
    assert said["intervals"].startswith("no interval: the segments of run ")
    shown = cli("provenance", "tiny").out
    assert f"card         none at '{home.root / 'provenance'}/" in shown
    assert ".json': deleted, damaged, or the run is older than cards" in shown


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (("last~9", "last"), "goes back too far: 2 runs of 'tiny' are kept"),
        (("zzz", "last"), "no run begins with 'zzz'; the newest are "),
        (("", "last"), "no run begins with ''"),
    ],
)
@pytest.mark.usefixtures("home")
def test_runs_that_are_not_there_are_named(cli: Cli, runs: tuple[str, str], said: str) -> None:
    ended = cli("diff", *runs)
    assert ended.status == 2
    assert said in ended.err
