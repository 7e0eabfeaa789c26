"""Dataset files: what is accepted, and what a mistake is answered with."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from zs_dagster.datasets.catalogue import SHIPPED, find_dataset, load_catalogue, load_dataset
from zs_dagster.datasets.sources import GeneratedVideos, VideoFolder
from zs_dagster.errors import DatasetError

DOCS = Path(__file__).parents[3] / "docs"
VALID: dict[str, Any] = {
    "name": "mine",
    "videos": {"folder": "videos"},
    "classes": ["jump", "run"],
    "queries": "bank.yaml",
}


def write(folder: Path, /, file: str = "mine.yaml", **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    values = {k: v for k, v in {**VALID, **changes}.items() if v is not None}
    (folder / file).write_text(yaml.safe_dump(values))
    return folder / file


def test_a_short_file_gets_the_defaults(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path))
    assert dataset.classes == ("jump", "run")
    assert dataset.annotations is None
    assert dataset.profile == "demo"
    assert (dataset.localization.fps, dataset.localization.top_k) == (1.0, 3)
    assert list(dataset.localization.methods) == ["zeal"]


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path / "deep", annotations="truth.json"))
    assert isinstance(dataset.videos, VideoFolder)
    assert dataset.videos.folder == tmp_path / "deep" / "videos"
    assert dataset.annotations == tmp_path / "deep" / "truth.json"
    assert dataset.queries == str(tmp_path / "deep" / "bank.yaml")


def test_absolute_paths_and_the_demo_bank_stay(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path, videos={"folder": "/data/v"}, queries="demo"))
    assert isinstance(dataset.videos, VideoFolder)
    assert dataset.videos.folder == Path("/data/v")
    assert dataset.queries == "demo"


@pytest.mark.parametrize(
    ("changes", "key", "rule"),
    [
        ({"clases": ["a"]}, "clases", "Extra inputs are not permitted"),
        ({"name": None}, "name", "Field required"),
        ({"videos": None}, "videos", "Field required"),
        ({"queries": None}, "queries", "Field required"),
        ({"classes": []}, "classes", "at least 1 item"),
        ({"classes": ["a", "b", "a"]}, "file", "class 'a' is listed twice"),
        ({"classes": 3}, "classes", "valid tuple"),
        ({"classes": [{"a": 1}, {"a": 1}]}, "file", "is listed twice"),
        ({"name": "a/b"}, "name", "should match pattern"),
        ({"name": "../up"}, "name", "should match pattern"),
        ({"localization": {"fps": 0}}, "localization.fps", "greater than 0"),
        ({"localization": {"fps": "fast"}}, "localization.fps", "valid number, .*got 'fast'"),
        ({"localization": {"fps": float("nan")}}, "localization.fps", "got nan"),
        ({"localization": {"top_k": 0}}, "localization.top_k", "greater than or equal to 1"),
        ({"localization": {"methods": {}}}, "localization.methods", "at least 1 item"),
        (
            {"localization": {"methods": {"m": {"candidates": "known"}}}},
            "localization",
            "method 'm' uses known classes; set score_known_classes: true",
        ),
        (
            {"localization": {"methods": {"m": {"candidates": "any"}}}},
            "localization.methods.m",
            "candidates: any needs localizer: random",
        ),
    ],
)
def test_a_mistake_is_named_with_file_and_key(
    tmp_path: Path, changes: dict[str, Any], key: str, rule: str
) -> None:
    path = write(tmp_path, **changes)
    with pytest.raises(
        DatasetError, match=rf"^{re.escape(str(path))}: {re.escape(key)}: .*{rule}"
    ):
        load_dataset(path)


def test_several_mistakes_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path, name=None, queries=None)
    with pytest.raises(DatasetError, match=r"Field required.* \(and 1 more\)$"):
        load_dataset(path)


@pytest.mark.parametrize("content", [b"name: [", b"\xff\xfe\x00", b"a: b: c"])
def test_what_is_no_yaml_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"broken\.yaml: cannot be read as YAML: ") as caught:
        load_dataset(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "- a\n- b", "text", "3"])
def test_what_is_no_mapping_is_told_what_it_must_hold(tmp_path: Path, content: str) -> None:
    (tmp_path / "list.yaml").write_text(content)
    rule = r"list\.yaml: must hold a mapping with name, videos, classes and queries"
    with pytest.raises(DatasetError, match=rule):
        load_dataset(tmp_path / "list.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"none\.yaml: cannot be read as YAML: .*No such file"
    ):
        load_dataset(tmp_path / "none.yaml")


def test_the_catalogue_joins_shipped_and_own_datasets(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "notes.txt").write_text("not a dataset")
    assert sorted(load_catalogue(tmp_path)) == ["demo", "demo-validation", "mine"]


def test_the_example_of_the_documentation_is_a_dataset(tmp_path: Path) -> None:
    text = (DOCS / "datasets.md").read_text(encoding="utf-8")
    described, questions = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "videos").mkdir()
    described = described.replace("/data/kitchen", str(tmp_path / "videos"))
    (tmp_path / "kitchen.yaml").write_text(described)
    (tmp_path / "kitchen_queries.yaml").write_text(questions)
    catalogue = load_catalogue(tmp_path)
    assert sorted(catalogue) == ["demo", "demo-validation", "kitchen"]
    kitchen = catalogue["kitchen"]
    assert isinstance(kitchen.videos, VideoFolder)
    assert kitchen.videos.folder == tmp_path / "videos"
    assert Path(kitchen.queries).is_file()


@pytest.mark.parametrize("name", ["bank.yaml", "bank.yml", "a.yaml"])
def test_a_query_bank_is_no_dataset(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    entry = {"start_question": "a?", "end_question": "b?", "description": "c"}
    (tmp_path / name).write_text(yaml.safe_dump({"jump": entry, "run": entry}))
    assert sorted(load_catalogue(tmp_path)) == ["demo", "demo-validation", "mine"]


def test_a_broken_dataset_is_not_taken_for_a_query_bank(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("{}")
    with pytest.raises(DatasetError, match=r"empty\.yaml: name: Field required"):
        load_catalogue(tmp_path)


def test_both_suffixes_of_yaml_are_read(tmp_path: Path) -> None:
    write(tmp_path, "short.yml", name="short")
    write(tmp_path, "long.yaml", name="long")
    assert sorted(load_catalogue(tmp_path)) == ["demo", "demo-validation", "long", "short"]


def test_without_own_datasets_there_are_the_shipped_ones(tmp_path: Path) -> None:
    catalogue = load_catalogue(tmp_path / "missing")
    assert sorted(catalogue) == sorted(path.stem for path in SHIPPED.glob("*.yaml"))
    assert all(isinstance(d.videos, GeneratedVideos) for d in catalogue.values())


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml")
    write(tmp_path, "b.yaml")
    with pytest.raises(
        DatasetError, match=r"b\.yaml: dataset 'mine' exists already; rename it"
    ):
        load_catalogue(tmp_path)


def test_a_shipped_name_cannot_be_taken(tmp_path: Path) -> None:
    write(tmp_path, name="demo")
    with pytest.raises(DatasetError, match="dataset 'demo' exists already; rename it"):
        load_catalogue(tmp_path)


def test_an_unknown_dataset_lists_the_known_ones(tmp_path: Path) -> None:
    rule = "must be one of demo, demo-validation, got 'demmo'; describe a new one in"
    with pytest.raises(DatasetError, match=rule):
        find_dataset(load_catalogue(tmp_path), "demmo")
