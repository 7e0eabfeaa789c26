"""Dataset files: what is accepted, and what a mistake is answered with."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from zs_dagster.datasets.catalogue import (
    SHIPPED,
    find_dataset,
    load_catalogue,
    load_dataset,
    shipped_root,
)
from zs_dagster.datasets.sources import AnnotationSource, GeneratedVideos, VideoFolder
from zs_dagster.errors import DatasetError

DOCS = Path(__file__).parents[3] / "docs"
VALID: dict[str, Any] = {
    "name": "mine",
    "videos": {"folder": "videos"},
    "classes": ["jump", "run"],
    "queries": "bank.yaml",
}

SHIPPED_NAMES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))


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
    truth = AnnotationSource(format="activitynet", path=tmp_path / "deep" / "truth.json")
    assert dataset.annotations == truth
    assert dataset.queries == str(tmp_path / "deep" / "bank.yaml")


def test_absolute_paths_and_the_demo_bank_stay(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path, videos={"folder": "/data/v"}, queries="demo"))
    assert isinstance(dataset.videos, VideoFolder)
    assert dataset.videos.folder == Path("/data/v")
    assert dataset.queries == "demo"


def test_the_catalogue_joins_shipped_and_own_datasets(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "notes.txt").write_text("not a dataset")
    assert sorted(load_catalogue(tmp_path)) == sorted([*SHIPPED_NAMES, "mine"])


def test_the_example_of_the_documentation_is_a_dataset(tmp_path: Path) -> None:
    text = (DOCS / "datasets.md").read_text(encoding="utf-8")
    described, questions = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "videos").mkdir()
    described = described.replace("/data/kitchen", str(tmp_path / "videos"))
    (tmp_path / "kitchen.yaml").write_text(described)
    (tmp_path / "kitchen_queries.yaml").write_text(questions)
    catalogue = load_catalogue(tmp_path)
    assert sorted(catalogue) == sorted([*SHIPPED_NAMES, "kitchen"])
    kitchen = catalogue["kitchen"]
    assert isinstance(kitchen.videos, VideoFolder)
    assert kitchen.videos.folder == tmp_path / "videos"
    assert kitchen.queries == str(tmp_path / "kitchen_queries.yaml")


@pytest.mark.parametrize("name", ["bank.yaml", "bank.yml", "a.yaml"])
def test_a_query_bank_is_no_dataset(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    entry = {"start_question": "a?", "end_question": "b?", "description": "c"}
    (tmp_path / name).write_text(yaml.safe_dump({"jump": entry, "run": entry}))
    assert sorted(load_catalogue(tmp_path)) == sorted([*SHIPPED_NAMES, "mine"])


def test_a_broken_dataset_is_not_taken_for_a_query_bank(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("{}")
    with pytest.raises(DatasetError, match=r"empty\.yaml:1: name: is required; add it"):
        find_dataset(load_catalogue(tmp_path), "empty")


def test_a_file_that_calls_its_dataset_otherwise_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "mismatch.yaml", name="other")
    catalogue = load_catalogue(tmp_path)
    assert find_dataset(catalogue, "other").name == "other"
    rule = (
        f"dataset must be asked for by the name in its file, got 'mismatch', and '{path}' says "
        "`name: other`; ask for 'other', or change it there"
    )
    with pytest.raises(DatasetError, match=re.escape(rule)):
        find_dataset(catalogue, "mismatch")
    write(tmp_path, "mismatch.yaml", name="other", clases=["typo"])
    with pytest.raises(DatasetError, match="ask for 'other', or change it there"):
        find_dataset(load_catalogue(tmp_path), "mismatch")


def test_both_suffixes_of_yaml_are_read(tmp_path: Path) -> None:
    write(tmp_path, "short.yml", name="short")
    write(tmp_path, "long.yaml", name="long")
    assert sorted(load_catalogue(tmp_path)) == sorted([*SHIPPED_NAMES, "long", "short"])


def test_without_own_datasets_there_are_the_shipped_ones(tmp_path: Path) -> None:
    catalogue = load_catalogue(tmp_path / "missing")
    assert sorted(catalogue) == SHIPPED_NAMES
    assert isinstance(catalogue["demo"].videos, GeneratedVideos)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml")
    write(tmp_path, "b.yaml")
    with pytest.raises(
        DatasetError, match=r"b\.yaml: dataset 'mine' exists already; rename it"
    ):
        find_dataset(load_catalogue(tmp_path), "mine")
    assert "mine" not in load_catalogue(tmp_path)


def test_a_shipped_name_cannot_be_taken(tmp_path: Path) -> None:
    write(tmp_path, name="demo")
    with pytest.raises(DatasetError, match="dataset 'demo' exists already; rename it"):
        find_dataset(load_catalogue(tmp_path), "demo")


def test_an_unknown_dataset_lists_the_known_ones(tmp_path: Path) -> None:
    rule = f"must be one of {', '.join(SHIPPED_NAMES)}, got 'demmo'; describe a new one in"
    with pytest.raises(DatasetError, match=rule):
        find_dataset(load_catalogue(tmp_path), "demmo")


def test_datasets_made_on_the_way_are_not_offered(tmp_path: Path) -> None:
    write(tmp_path, name="locate-0123abcd")
    catalogue = load_catalogue(tmp_path)
    assert find_dataset(catalogue, "locate-0123abcd").classes == ("jump", "run")
    with pytest.raises(DatasetError, match=r"^(?!.*locate-0123abcd)dataset must be one of"):
        find_dataset(catalogue, "other")


@pytest.mark.parametrize(
    ("variables", "root"),
    [
        ({}, "{home}/data/thumos14"),
        ({"ZS_DATA": "/data"}, "/data/thumos14"),
        ({"ZS_DATA": "/data", "THUMOS14_ROOT": "/th14"}, "/th14"),
    ],
)
def test_shipped_datasets_lie_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], root: str
) -> None:
    monkeypatch.setenv("ZS_HOME", str(tmp_path))
    for name in ("ZS_DATA", "THUMOS14_ROOT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert shipped_root("thumos14") == Path(root.format(home=tmp_path))


def test_a_root_moves_videos_and_annotations_but_not_questions(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path, root="/data", annotations="a.csv", splits="s.yaml"))
    assert isinstance(dataset.videos, VideoFolder)
    assert dataset.videos.folder == Path("/data/videos")
    assert dataset.annotations == AnnotationSource(format="csv", path=Path("/data/a.csv"))
    assert dataset.splits == tmp_path / "s.yaml"
    assert dataset.queries == str(tmp_path / "bank.yaml")
