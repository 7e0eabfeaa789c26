"""What a dataset file says about classifiers is checked before any video is read."""

from typing import TYPE_CHECKING, Any

import pytest

from zs_dagster.checked_catalogue import checked_catalogue
from zs_dagster.datasets.catalogue import find_dataset
from zs_dagster.errors import DatasetError

if TYPE_CHECKING:
    from tests.conftest import TinyHome

CLIP, ZAR = {"classifier": "clip"}, {"classifier": "zar"}
CEZSAR = {"classifier": "cezsar", "trained_on": "demo-captions"}


def refusal(tiny: "TinyHome", classification: dict[str, Any], key: str) -> str:
    """Return what is said about the dataset, after file and line of a key."""
    tiny.describe(task="classification", localization=None, classification=classification)
    lines = tiny.dataset_file.read_text().splitlines()
    line = 1 + next(i for i, text in enumerate(lines) if text.lstrip().startswith(f"{key}:"))
    with pytest.raises(DatasetError) as error:
        find_dataset(checked_catalogue(tiny.dataset_file.parent), "tiny")
    place, _, said = str(error.value).partition(f"{tiny.dataset_file}:{line}: ")
    assert place == ""
    return said


@pytest.mark.parametrize(
    ("classifier", "key", "rule"),
    [
        (CLIP | {"sampler": "first"}, "sampler", "sampler must be one of uniform_center, "),
        (CLIP | {"sampler": "fps:0"}, "sampler", "sampler fps:RATE must have a finite number"),
        (CLIP | {"aggregator": "sum"}, "aggregator", "aggregator must be one of mean_embed, "),
        (
            CLIP | {"aggregator": "topk", "parameters": {"n": 1}},
            "parameters",
            "aggregator 'topk' has the parameters k, got n",
        ),
        (
            CLIP | {"aggregator": "topk", "parameters": {"k": "x"}},
            "parameters",
            "k must be a whole number >= 1, got 'x'",
        ),
        (CLIP | {"templates": "best"}, "templates", "templates must be one of single, "),
        (CLIP | {"templates": ["a"]}, "templates", "a template must have {} exactly once"),
        (CLIP | {"temperature": float("inf")}, "temperature", "classification.classifiers.one"),
        (CLIP | {"frames": 0}, "frames", "classification.classifiers.one.frames: must be "),
        (ZAR | {"parameters": {"rhoo": 1}}, "parameters", "ZAR has the parameters rho, "),
        *(
            (
                ZAR | {key: 99_999_999_999},
                key,
                f"classification.classifiers.one.{key}: must be ",
            )
            for key in ("frames", "windows")
        ),
        (ZAR | {"parameters": {"rho": 2}}, "parameters", "rho must be in (0, 1], got 2"),
        (
            CEZSAR | {"trained_on": "demo"},
            "trained_on",
            "trained_on must be a dataset with task",
        ),
        (CEZSAR | {"frames": 17}, "frames", "frames must be at most 16, those that 'demo-cap"),
        (CEZSAR | {"mode": "object"}, "mode", "mode object needs objects, and 'demo-captions'"),
        (
            {"classifier": "svm"},
            "one",
            "classification.classifiers.one: must have classifier: ",
        ),
    ],
)
def test_a_mistake_about_a_classifier_is_told_with_its_line(
    tiny: "TinyHome", classifier: dict[str, Any], key: str, rule: str
) -> None:
    assert refusal(tiny, {"classifiers": {"one": classifier}}, key).startswith(rule)


def test_two_methods_of_one_name_are_refused(tiny: "TinyHome") -> None:
    said = refusal(tiny, {"classifiers": {"z": ZAR, "z-unadapted": CLIP}}, "classification")
    rule = "classification: classifier 'z-unadapted' has the name of 'z' without its adaptation"
    assert said.startswith(rule)


def test_an_unknown_division_is_told(tiny: "TinyHome") -> None:
    said = refusal(tiny, {"splits": ["truze"]}, "splits")
    assert said == "must be of a splits file, and there is none; got 'truze'"


def test_a_division_is_looked_up_in_the_file(tiny: "TinyHome") -> None:
    file = tiny.root / "divisions.yaml"
    file.write_text("half: {unseen: [purple ball rises]}")
    both = {"task": "classification", "localization": None, "splits": str(file)}
    tiny.describe(**both, classification={"splits": ["half"]})
    assert "tiny" in checked_catalogue(tiny.dataset_file.parent)
    tiny.describe(**both, classification={"splits": ["third"]})
    with pytest.raises(DatasetError, match="must be of half; got 'third'"):
        find_dataset(checked_catalogue(tiny.dataset_file.parent), "tiny")


def test_everything_that_exists_is_accepted(tiny: "TinyHome") -> None:
    classifiers = {
        "one": CLIP | {"sampler": "mixed:motion", "aggregator": "topk", "parameters": {"k": 2}},
        "two": CLIP | {"sampler": "fps:2", "templates": ["a film of {}"]},
        "three": ZAR | {"parameters": {"betas": [0.9, 0.99], "n_steps": 2}},
    }
    tiny.describe(task="classification", classification={"classifiers": classifiers})
    found = checked_catalogue(tiny.dataset_file.parent)["tiny"]
    assert list(found.classification.classifiers) == list(classifiers)


def test_a_model_of_another_image_encoder_is_refused(tiny: "TinyHome") -> None:
    tiny.describe(
        task="classification",
        localization=None,
        profile="light",
        classification={"classifiers": {"one": CEZSAR}},
    )
    with pytest.raises(
        DatasetError, match="whose image encoders differ; give both one profile"
    ):
        find_dataset(checked_catalogue(tiny.dataset_file.parent), "tiny")


@pytest.mark.parametrize(
    ("training", "rule"),
    [
        ({"preset": "best"}, "preset must be one of default, cezsar-paper, got 'best'"),
        ({"parameters": {"epoch": 3}}, "CEZSAR has the parameters residual, "),
        ({"parameters": {"margin": 0}}, "margin must be > 0, got 0"),
        (
            {"text_encoder": "sbert:x", "parameters": {}},
            "residual must be false where text_enc",
        ),
        ({"text_encoder": "bert"}, "training.text_encoder: "),
    ],
)
def test_a_mistake_about_training_is_told_with_its_line(
    tiny: "TinyHome", training: dict[str, Any], rule: str
) -> None:
    tiny.caption(training=training)
    with pytest.raises(DatasetError) as error:
        find_dataset(checked_catalogue(tiny.dataset_file.parent), "tiny-captions")
    assert "tiny-captions.yaml:" in str(error.value)
    assert rule in str(error.value)


def test_captions_are_needed_where_they_are_the_task(tiny: "TinyHome") -> None:
    tiny.caption(captions=None)
    with pytest.raises(DatasetError, match="captions: is required where the task is captions"):
        find_dataset(checked_catalogue(tiny.dataset_file.parent), "tiny-captions")
    tiny.caption(captions=["a.json", "b.csv"])
    with pytest.raises(DatasetError, match=r"captions: paths must all end in \.json"):
        find_dataset(checked_catalogue(tiny.dataset_file.parent), "tiny-captions")


def test_one_broken_file_costs_one_dataset(tiny: "TinyHome") -> None:
    tiny.describe(profile="none")
    (tiny.dataset_file.parent / "half.yaml").write_text("name: half\nvideos: [}\n")
    (tiny.dataset_file.parent / "b.yaml").write_text("name: whole\nclases: [a]")
    catalogue = checked_catalogue(tiny.dataset_file.parent)
    assert catalogue.broken.keys() == {"tiny", "half", "whole"}
    assert not catalogue.keys() & catalogue.broken.keys()
    assert {"demo", "demo-captions"} <= catalogue.keys()
    with pytest.raises(DatasetError, match=r"half\.yaml:2: not usable YAML"):
        find_dataset(catalogue, "half")
