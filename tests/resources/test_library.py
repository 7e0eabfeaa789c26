"""The video library finds what a dataset speaks of."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.checked_catalogue import checked_catalogue
from zs_dagster.datasets.catalogue import find_dataset
from zs_dagster.errors import DatasetError
from zs_dagster.models.loading import Models

if TYPE_CHECKING:
    from tests.conftest import TinyHome


def library(root: Path) -> VideoLibrary:
    return VideoLibrary(home=HomeResource(root=str(root)))


def test_the_questions_of_the_demo_come_with_the_package(tmp_path: Path) -> None:
    demo = library(tmp_path).dataset("demo")
    writer = library(tmp_path).query_writer(demo, Models())
    queries = [writer.write(label) for label in demo.classes]
    assert {query.source for query in queries} == {"bank:queries.yaml"}
    assert len({query.prompts() for query in queries}) == len(demo.classes)


def test_generated_videos_come_with_their_ground_truth(tmp_path: Path) -> None:
    demo = library(tmp_path).dataset("demo")
    folder = tmp_path / "videos" / "demo-test"
    with pytest.raises(DatasetError, match=rf"annotation file '{folder}/ground_truth\.json'"):
        library(tmp_path).annotations(demo, [])


def test_a_class_without_questions_of_the_users_own_gets_shipped_ones(tiny: "TinyHome") -> None:
    tiny.describe(classes=["purple ball rises", "GolfSwing", "unheard of"], annotations=None)
    writer = library(tiny.root).query_writer(library(tiny.root).dataset("tiny"), Models())
    sources = [writer.write(label).source for label in ("purple ball rises", "GolfSwing")]
    assert sources == ["bank:tiny-bank.yaml", "shipped:thumos14"]
    assert writer.write("unheard of").source == "template"


def test_questions_about_other_classes_are_told(tiny: "TinyHome") -> None:
    tiny.describe(classes=["purple_ball rises"], annotations=None)
    dataset = library(tiny.root).dataset("tiny")
    left = library(tiny.root).unused_queries(dataset)
    assert left == ["orange square slides right", "purple ball falls"]
    assert library(tiny.root).unused_queries(library(tiny.root).dataset("demo")) == []


def test_clips_are_not_localized(tiny: "TinyHome") -> None:
    tiny.describe(task="classification")
    rule = "dataset 'tiny' is for classification: its videos are trimmed to one action each"
    with pytest.raises(DatasetError, match=rule):
        library(tiny.root).untrimmed("tiny")


def test_an_unknown_dataset_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError,
        match=r"must be one of .*demo, demo-captions, demo-clips, demo-validation, .*got 'x'",
    ):
        library(tmp_path).dataset("x")


def method(**changes: object) -> dict[str, Any]:
    return {"localization": {"methods": {"first": {}, "mine": changes}}}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"profile": "deno"}, "profile must be one of demo, .*, got 'deno'"),
        ({"localization": {"protocol": "thumos"}}, "protocol must be one of .*, got 'thumos'"),
        (method(parameters={"lambda": 0.2}), "unknown ZEAL parameter lambda; known are "),
        (method(parameters={"min_gap_samples": 2.5}), "min_gap_samples must be a whole number"),
        (method(parameters={"top_fraction": "most"}), "top_fraction must be a number in "),
        (
            method(localizer="random", candidates="any", parameters={"seed": 1}),
            "unknown ZEAL parameter seed",
        ),
        (method(localizer="zea"), "localizer must be one of zeal, .*, got 'zea'"),
        (method(preset="paper"), "preset must be one of default, zeal-paper, got 'paper'"),
        (method(localizer="stages"), "localizer stages reads the middle question; set score_m"),
        (
            method(localizer="clip-only", parameters={"treshold": 0.2}),
            "unknown CLIP-only parameter treshold; known are thresholds, ",
        ),
        (
            method(localizer="clip-only", parameters={"confidence_weight": 0.2}),
            "unknown CLIP-only parameter confidence_weight",
        ),
        *[
            (method(localizer="clip-only", parameters={"thresholds": value}), rule)
            for value, rule in (
                (0.5, "CLIP-only parameters must be thresholds: a list of numbers"),
                ("0.5", "CLIP-only parameters must be thresholds: a list of numbers"),
                ([], r"thresholds must be one or more numbers in \[-1, 1\]"),
                ([0.5, 50], r"thresholds must be one or more numbers in \[-1, 1\]"),
            )
        ],
    ],
)
def test_a_mistake_is_told_before_any_video_is_read(
    tiny: "TinyHome", changes: dict[str, Any], rule: str
) -> None:
    tiny.describe(**changes)
    key = "mine" if "mine" in str(changes) else "protocol" if "protocol" in rule else "profile"
    lines = tiny.dataset_file.read_text().splitlines()
    line = 1 + next(i for i, text in enumerate(lines) if text.lstrip().startswith(f"{key}:"))
    place = f"^{tiny.dataset_file}:{line}: "
    with pytest.raises(DatasetError, match=place + rule):
        find_dataset(checked_catalogue(tiny.dataset_file.parent), "tiny")
    with pytest.raises(DatasetError, match=place + rule):
        library(tiny.root).dataset("tiny")
    assert library(tiny.root).dataset("demo").name == "demo"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"annotations": "no.csv"}, r"annotations must exist, got '.*/no\.csv'; correct the"),
        ({"splits": "no.yaml"}, r"splits must be a file, got '.*/no\.yaml'; correct the path"),
    ],
)
def test_missing_ground_truth_is_told_with_its_line_before_any_video_is_read(
    tiny: "TinyHome", changes: dict[str, Any], rule: str
) -> None:
    tiny.describe(**changes)
    described = library(tiny.root).dataset("tiny")
    with pytest.raises(DatasetError, match=rf"^{tiny.dataset_file}:\d+: {rule}"):
        library(tiny.root).files(described)


def test_missing_ground_truth_of_a_shipped_dataset_says_where_to_put_it(
    tiny: "TinyHome", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTIVITYNET13_ROOT", str(tiny.root / "anet"))
    (tiny.root / "anet" / "videos").mkdir(parents=True)
    (tiny.root / "anet" / "videos" / "v_a.mp4").touch()
    described = library(tiny.root).dataset("activitynet13")
    rule = "annotations must exist, .*; get the videos and set ACTIVITYNET13_ROOT to the folder"
    with pytest.raises(DatasetError, match=rule):
        library(tiny.root).files(described)


def test_parameters_of_every_localizer_are_accepted(tiny: "TinyHome") -> None:
    methods = {
        "zeal": {"preset": "zeal-paper", "parameters": {"min_gap_samples": 2.0}},
        "clip": {"localizer": "clip-only", "parameters": {"thresholds": [0.1, 0]}},
        "random": {"localizer": "random", "candidates": "any", "parameters": {"min_score": 0}},
        "freezad": {"localizer": "freezad", "preset": "activitynet"},
        "stages": {"localizer": "stages", "parameters": {"reads_middle": False}},
    }
    tiny.describe(localization={"methods": methods})
    found = checked_catalogue(tiny.dataset_file.parent)["tiny"]
    assert set(found.localization.methods) == set(methods)


@pytest.mark.parametrize(
    "name",
    ["thumos14", "activitynet13", "hmdb51", "ucf101", "kinetics400", "kinetics600", "demo"],
)
def test_every_class_of_the_shipped_datasets_has_questions_of_its_own(
    tmp_path: Path, name: str
) -> None:
    dataset = library(tmp_path).dataset(name)
    writer = library(tmp_path).query_writer(dataset, Models())
    sources = {label: writer.write(label).source for label in dataset.classes}
    assert [label for label, source in sources.items() if source == "template"] == []
