"""A joint space as an asset of its captions, on seven tiny videos."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np
import pytest

from assets.automation.staleness import freshness
from tests.conftest import CAPTIONED
from zs_dagster.cli.run import run_dataset
from zs_dagster.definitions import defs
from zs_dagster.errors import DatasetError, StoreError
from zs_dagster.home import Home
from zs_dagster.models.loading import Models
from zs_dagster.progress import listening

if TYPE_CHECKING:
    from pathlib import Path

    from tests.assets.conftest import Run
    from tests.conftest import TinyHome

    RunJob = Callable[..., Run]

CAPTIONS = "tiny-captions"
SOURCES = ("first", "third", "nested/second")
NUM_VIDEOS = 7
ROWS = [
    (f"v{number}", start, start + 0.9, f"a {colour} ball rises {number}")
    for number, colour in enumerate(
        ("red", "green", "blue", "yellow", "purple", "orange", "white")
    )
    for start in (0.0, 1.0)
]
LABELS = {
    "first": "purple ball rises",
    "nested/second": "purple ball falls",
    "third": "orange square slides right",
}


def write_captions(tiny: "TinyHome", rows: list[tuple[str, float, float, str]]) -> None:
    lines = [f'{video},{start},{end},"{text}"' for video, start, end, text in rows]
    path = tiny.root / "tiny-captioned" / "captions.csv"
    path.write_text("\n".join(["video,start_s,end_s,caption", *lines, ""]))


def make(tiny: "TinyHome") -> None:
    """Add the dataset `tiny-captions`, and make `tiny` clips to be recognised by its model."""
    folder = tiny.root / "tiny-captioned"
    folder.mkdir()
    for number in range(NUM_VIDEOS):
        whole = (tiny.videos / f"{SOURCES[number % len(SOURCES)]}.mp4").read_bytes()
        # A free box at the end of an MP4 is not read: other content, the same pictures.
        size = (8 + number).to_bytes(4, "big")
        (folder / f"v{number}.mp4").write_bytes(whole + size + b"free" + bytes(number))
    write_captions(tiny, ROWS)
    tiny.caption()
    labels = ["video,start_s,end_s,label", *(f"{v},,,{label}" for v, label in LABELS.items())]
    (tiny.videos / "labels.csv").write_text("\n".join([*labels, ""]))
    classify_with(tiny)


@dataclass(frozen=True)
class Trained:
    """A home after both jobs; tests read it or copy it, and never write to it."""

    files: "TinyHome"
    train: "Run"
    classify: "Run"


@pytest.fixture(scope="session")
def trained(
    pristine: "TinyHome",
    tmp_path_factory: pytest.TempPathFactory,
    run_train: "RunJob",
    run_classify: "RunJob",
) -> Trained:
    files = pristine.copy(tmp_path_factory.mktemp("trained") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZS_HOME", str(files.root))
        make(files)
        return Trained(files, run_train(files), run_classify(files))


@pytest.fixture
def captioned(
    trained: Trained, tmp_path: "Path", monkeypatch: pytest.MonkeyPatch
) -> "TinyHome":
    """A copy of the trained home, to change something and run again."""
    monkeypatch.setenv("ZS_HOME", str(tmp_path / "home"))
    return trained.files.copy(tmp_path / "home")


def classify_with(tiny: "TinyHome", **options: Any) -> None:  # noqa: ANN401
    cezsar = {"classifier": "cezsar", "trained_on": CAPTIONS, "frames": 4, **options}
    clip = {"frames": 4, "texts": "descriptions"}
    tiny.describe(
        task="classification",
        annotations="../tiny-videos/labels.csv",
        localization=None,
        classification={"classifiers": {"clip": clip, "cezsar": cezsar}},
    )


def model_of(tiny: "TinyHome") -> dict[str, Any]:
    (row,) = Home(tiny.root).tables.rows("cezsar_model", CAPTIONS)
    return row


def weights(tiny: "TinyHome") -> dict[str, Any]:
    return Home(tiny.root).store.load_arrays("cezsar_model", model_of(tiny)["model"])


def test_unchanged_captions_train_once_and_a_changed_one_trains_anew(
    trained: Trained, captioned: "TinyHome", run_train: "RunJob", run_classify: "RunJob"
) -> None:
    first, told = trained.train, trained.classify
    assert (first.computed("captions"), first.computed("sentence_embeddings")) == (14, 7)
    assert first.version["cezsar_model"] == model_of(captioned)["model"]
    again = run_train(captioned)
    assert (again.computed("cezsar_model"), again.reused("cezsar_model")) == (0, 1)
    assert again.version == first.version
    write_captions(captioned, [*ROWS[:-1], (*ROWS[-1][:3], "a white ball falls")])
    after = run_train(captioned)
    assert after.computed("sentence_embeddings") == 1
    assert after.metadata["frame_features"]["encoded"] == 0
    assert after.computed("cezsar_model") == 1
    assert after.version["cezsar_model"] != first.version["cezsar_model"]
    later = run_classify(captioned)
    differ = {name for name in told.version if told.version[name] != later.version[name]}
    assert "cezsar_predictions" in differ
    assert not differ & {"videos", "frame_features", "class_queries", "clip_predictions"}


def test_an_interrupted_training_ends_in_the_same_model(
    captioned: "TinyHome", tmp_path: "Path", run_train: "RunJob"
) -> None:
    parameters = CAPTIONED["training"]["parameters"] | {"seed": 5}
    captioned.caption(training=CAPTIONED["training"] | {"parameters": parameters})
    whole = captioned.copy(tmp_path / "whole")
    run_train(whole, only=["cezsar_model"])

    def interrupt(stage: str, done: int, _total: int) -> None:
        if stage == "training" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), listening(interrupt):
        run_train(captioned, only=["cezsar_model"])
    run_train(captioned, only=["cezsar_model"])
    assert model_of(captioned)["model"] == model_of(whole)["model"]
    expected, found = weights(whole), weights(captioned)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(array, found[name], err_msg=name)
    assert not list((captioned.root / "training").iterdir())


def test_the_record_of_a_training_is_told_as_tables_and_curves(trained: Trained) -> None:
    tables = Home(trained.files.root).tables
    history = tables.rows("cezsar_history", CAPTIONS)
    assert {row["epoch"] for row in history} == {0, 1, 2, 3}
    known = {row["metric"] for row in history}
    assert {"train_loss", "validation_loss", "r1", "median_rank"} <= known
    rows = tables.rows("cezsar_metrics", CAPTIONS)
    metrics = {(row["method"], row["split"], row["metric"]) for row in rows}
    for method in ("cezsar", "cezsar-untrained"):
        assert {(method, "validation", "r1"), (method, "validation", "loss")} <= metrics
    shown = trained.train.metadata["cezsar_model"]["curves"]
    assert shown.startswith("![training](data:image/png;base64,")
    assert json.loads(model_of(trained.files)["parameters"])["d_model"] == 8


def test_untrained_is_plain_clip(trained: Trained) -> None:
    home = Home(trained.files.root)
    scores = {
        row["method"]: home.store.load_arrays("class_scores", row["scores"])["logits"]
        for table in ("clip_classifiers", "cezsar_classifiers")
        for row in home.tables.rows(table, "tiny")
    }
    assert scores.keys() == {"clip", "cezsar", "cezsar-untrained"}
    # Log-probabilities and cosines over a temperature differ by a constant per video.
    clip = scores["clip"] / Models().clip("demo").scale
    untrained = scores["cezsar-untrained"] * 0.07
    for found in (clip, untrained):
        found -= found.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(untrained, clip, atol=2e-3)


def test_metrics_page_and_gap_have_both_methods(trained: Trained) -> None:
    tables = Home(trained.files.root).tables
    rows = tables.rows("classification_metrics", "tiny")
    metrics = {(row["method"], row["metric"]) for row in rows}
    assert ("cezsar", "top1_minus_cezsar-untrained") in metrics
    assert ("cezsar", "top1_minus_clip") in metrics
    gap = tables.rows("semantic_gap", "tiny")
    assert {row["method"] for row in gap} == {"cezsar", "cezsar-untrained"}
    assert {"modality_gap", "alignment", "centroid_cosine"} <= {row["metric"] for row in gap}
    assert {row["label"] for row in gap} >= {"", *LABELS.values()}
    assert "data:image/png" in trained.classify.metadata["semantic_gap"]["cezsar plane"]
    page = (trained.files.root / "reports" / "tiny.html").read_text()
    assert "cezsar before its joint space was trained" in page


def test_a_class_that_was_trained_on_stops_everything_after_it(
    captioned: "TinyHome", run_classify: "RunJob"
) -> None:
    captioned.caption(classes=["PurpleBallRises"])
    shutil.rmtree(captioned.root / "tables" / "classification_metrics")
    with pytest.raises(
        DatasetError, match="1 of its classes are classes of the capti"
    ) as error:
        run_classify(captioned, only=["cezsar_predictions", "classification_metrics"])
    assert "'purple ball rises' of 'tiny-captions'" in str(error.value)
    assert not Home(captioned.root).tables.has("classification_metrics", "tiny")


def test_without_a_model_the_command_that_makes_it_is_told(
    captioned: "TinyHome", run_classify: "RunJob"
) -> None:
    shutil.rmtree(captioned.root / "tables" / "cezsar_model")
    with pytest.raises(StoreError, match="is not trained yet; run `zs-dagster run tiny-captio"):
        run_classify(captioned, only=["cezsar_predictions"])


def test_the_command_trains_first_what_its_classifiers_are_trained_on(
    captioned: "TinyHome", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(captioned.root / "dagster"))
    shutil.rmtree(captioned.root / "tables" / "cezsar_model")
    run_dataset("tiny", {}, None)
    assert "cezsar-untrained" in capsys.readouterr().out
    file = captioned.root / "summary.json"
    run_dataset(CAPTIONS, {}, file)
    printed = capsys.readouterr().out
    assert "video to caption, dataset tiny-captions" in printed
    assert "report   " not in printed
    metrics = json.loads(file.read_text())["metrics"]
    assert {row["method"] for row in metrics} == {"cezsar", "cezsar-untrained"}


def test_objects_give_positives_and_points(
    captioned: "TinyHome", run_train: "RunJob", run_classify: "RunJob"
) -> None:
    (captioned.root / "concepts.tsv").write_text(
        "ball\ta round thing that rises and falls\n"
        "square\ta thing with four sides of one length\n"
    )
    objects = {"concepts": "../concepts.tsv", "objects": 2, "positives": 1}
    captioned.caption(training=CAPTIONED["training"] | objects)
    run_train(captioned, only=["sentence_embeddings", "cezsar_model"])
    rows = Home(captioned.root).tables.rows("sentence_embeddings", CAPTIONS)
    kinds = [row["text_kind"] for row in rows]
    assert (kinds.count("concept"), kinds.count("piece")) == (2, 2)
    assert model_of(captioned)["sentences"] > 7
    found = {}
    for mode, share in (("visual", 0.2), ("visual_object", 0.0), ("visual_object", 1.0)):
        classify_with(captioned, mode=mode, object_share=share, k=2, max_sentences=2)
        run_classify(captioned, only=["cezsar_predictions"])
        rows = Home(captioned.root).tables.rows("cezsar_predictions", "tiny")
        found[mode, share] = [row["probability"] for row in rows if row["method"] == "cezsar"]
    assert found["visual", 0.2] == pytest.approx(found["visual_object", 0.0], abs=1e-6)
    assert found["visual", 0.2] != pytest.approx(found["visual_object", 1.0], abs=1e-6)


def test_predictions_are_stale_when_their_model_is_trained_anew(
    captioned: "TinyHome",
) -> None:
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

    def run(job: str, dataset: str, asset: str) -> str:
        defs.resolve_job_def(job).execute_in_process(
            partition_key=dataset,
            instance=instance,
            run_config=quiet,
            asset_selection=[dg.AssetKey(asset)],
        )
        found = freshness(
            instance, graph, Home.from_environment(), "tiny", ["cezsar_predictions"]
        )
        return f"{found['cezsar_predictions'].state} {found['cezsar_predictions'].why}".strip()

    graph = defs.resolve_asset_graph()
    with dg.DagsterInstance.ephemeral() as instance:
        run("train", CAPTIONS, "cezsar_model")
        assert run("classify", "tiny", "cezsar_predictions") == "fresh"
        assert run("train", CAPTIONS, "cezsar_model") == "fresh"
        parameters = CAPTIONED["training"]["parameters"] | {"seed": 5}
        captioned.caption(training=CAPTIONED["training"] | {"parameters": parameters})
        assert run("train", CAPTIONS, "cezsar_model") == "stale trained models changed"
        assert run("classify", "tiny", "cezsar_predictions") == "fresh"
