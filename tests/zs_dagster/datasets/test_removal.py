"""What goes with a dataset, and what stays."""

from pathlib import Path

import pytest
import yaml

from zs_dagster.datasets.catalogue import load_catalogue
from zs_dagster.datasets.removal import belongings, check_unneeded, delete
from zs_dagster.errors import DatasetError
from zs_dagster.home import Home

MINE = {"name": "mine", "videos": {"folder": "/videos"}, "classes": ["run"]}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    describe(home, "mine.yaml")
    return home


def describe(home: Home, file: str, **changes: object) -> Path:
    return fill(home.datasets / file, yaml.safe_dump({**MINE, **changes}))


def fill(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(home: Home, name: str) -> list[str]:
    paths = belongings(home, load_catalogue(home.datasets), name)
    return [str(path.relative_to(home.root)) for path in paths]


def test_what_has_its_name_goes_and_the_description_last(home: Home) -> None:
    for name in ("mine", "mine-too", "min"):
        for place in (
            f"tables/segments/{name}/data.parquet",
            f"tables/videos/{name}/data.parquet.damaged",
            f"reports/{name}.html",
            f"queries/{name}.yaml",
            f"datasets/{name}.annotations.json",
            f"located/{name}/report.html",
        ):
            fill(home.root / place)
    store = fill(home.root / "store" / "frame_features" / "mi" / "mine.safetensors")
    assert found(home, "mine") == [
        *("tables/segments/mine", "tables/videos/mine", "reports/mine.html"),
        *("queries/mine.yaml", "datasets/mine.annotations.json", "located/mine"),
        "datasets/mine.yaml",
    ]
    before = {path for path in home.root.rglob("*") if path.is_file()}
    delete(belongings(home, load_catalogue(home.datasets), "mine"))
    left = {path for path in home.root.rglob("*") if path.is_file()}
    assert len(before - left) == 7
    assert store in left
    assert {path.name for path in left - {store}} & {"mine.yaml", "mine.html"} == set()


def test_a_file_of_any_name_is_found_broken_or_not(home: Home) -> None:
    describe(home, "file.yml", name="other")
    describe(home, "typo.yaml", name="broken", clases=["x"])
    (home.datasets / "noise.yaml").write_bytes(b"\xff\xfe")
    assert found(home, "other") == ["datasets/file.yml"]
    assert found(home, "broken") == ["datasets/typo.yaml"]
    assert found(home, "noise") == ["datasets/noise.yaml"]


def test_tables_without_a_description_are_found(home: Home) -> None:
    fill(home.root / "tables" / "videos" / "gone" / "data.parquet")
    assert found(home, "gone") == ["tables/videos/gone"]


def test_a_name_that_leads_elsewhere_takes_only_its_file(home: Home) -> None:
    fill(home.root / "tables" / "videos" / "mine" / "data.parquet")
    fill(home.datasets / "...yaml", "[]")
    assert found(home, "..") == ["datasets/...yaml"]
    for name in ("../mine", "*", "", "tables/.."):
        with pytest.raises(DatasetError, match="dataset must be one of "):
            found(home, name)


def test_a_folder_that_is_a_link_is_not_followed(home: Home, tmp_path: Path) -> None:
    mine = fill(tmp_path / "elsewhere" / "video.mp4")
    fill(home.root / "tables" / "videos" / "mine" / "data.parquet")
    (home.root / "located").mkdir()
    (home.root / "located" / "mine").symlink_to(mine.parent)
    delete(belongings(home, load_catalogue(home.datasets), "mine"))
    assert mine.exists()
    assert not (home.root / "located" / "mine").is_symlink()


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("demo", "must be of your own to be removed, got 'demo', which is shipped"),
        (
            "twice",
            r"must be described once, got 'twice' in '.*/a.yaml' and '.*/b.yaml'; rename",
        ),
        ("nothing", "dataset must be one of .*, got 'nothing'"),
    ],
)
def test_what_is_not_one_of_your_own_is_refused(home: Home, name: str, rule: str) -> None:
    for file in ("a.yaml", "b.yaml"):
        describe(home, file, name="twice")
    describe(home, "demo.yaml", name="demo")
    with pytest.raises(DatasetError, match=rule):
        found(home, name)


def test_what_another_dataset_is_made_from_stays(home: Home) -> None:
    classifiers = {"mine": {"classifier": "cezsar", "trained_on": "mine"}}
    options = {"classifiers": classifiers}
    describe(home, "user.yaml", name="user", task="classification", classification=options)
    truth = fill(home.datasets / "mine.annotations.json")
    describe(home, "same.yaml", name="same", annotations=str(truth))
    catalogue = load_catalogue(home.datasets)
    assert not catalogue.broken
    with pytest.raises(
        DatasetError, match=r"'mine' must not be needed by .* got 'user', which"
    ):
        check_unneeded(catalogue, ["mine", "same"], [truth])
    with pytest.raises(
        DatasetError, match=r"'mine.annotations.json' must not be .* got 'same'"
    ):
        check_unneeded(catalogue, ["mine", "user"], [truth])
    check_unneeded(catalogue, ["mine", "user", "same"], [truth])
