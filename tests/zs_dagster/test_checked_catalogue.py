"""What a dataset file says about classifiers is checked before any video is read."""

from typing import TYPE_CHECKING, Any

import pytest

from zs_dagster.checked_catalogue import checked_catalogue
from zs_dagster.errors import DatasetError

if TYPE_CHECKING:
    from tests.conftest import TinyHome

CLIP, ZAR = {"classifier": "clip"}, {"classifier": "zar"}


def refusal(tiny: "TinyHome", classification: dict[str, Any], key: str) -> str:
    """Return what is said about the dataset, after file and line of a key."""
    tiny.describe(task="classification", localization=None, classification=classification)
    lines = tiny.dataset_file.read_text().splitlines()
    line = 1 + next(i for i, text in enumerate(lines) if text.lstrip().startswith(f"{key}:"))
    with pytest.raises(DatasetError) as error:
        checked_catalogue(tiny.dataset_file.parent)
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
        (ZAR | {"parameters": {"rho": 2}}, "parameters", "rho must be in (0, 1], got 2"),
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
        checked_catalogue(tiny.dataset_file.parent)


def test_everything_that_exists_is_accepted(tiny: "TinyHome") -> None:
    classifiers = {
        "one": CLIP | {"sampler": "mixed:motion", "aggregator": "topk", "parameters": {"k": 2}},
        "two": CLIP | {"sampler": "fps:2", "templates": ["a film of {}"]},
        "three": ZAR | {"parameters": {"betas": [0.9, 0.99], "n_steps": 2}},
    }
    tiny.describe(task="classification", classification={"classifiers": classifiers})
    found = checked_catalogue(tiny.dataset_file.parent)["tiny"]
    assert list(found.classification.classifiers) == sorted(classifiers)
