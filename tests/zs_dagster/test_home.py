"""One folder holds everything, and the environment says which."""

from pathlib import Path

import pytest

from zs_dagster.home import Home


def test_the_environment_names_the_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZS_HOME", str(tmp_path / "here"))
    assert Home.from_environment() == Home(tmp_path / "here")


@pytest.mark.parametrize("value", [None, ""])
def test_the_default_is_a_folder_in_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZS_HOME")
    if value is not None:
        monkeypatch.setenv("ZS_HOME", value)
    assert Home.from_environment().root == tmp_path / ".zs"


def test_a_relative_home_becomes_absolute_and_a_tilde_is_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZS_HOME", "data/../zs")
    assert Home.from_environment().root == tmp_path / "zs"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ZS_HOME", "~/zs")
    assert Home.from_environment().root == tmp_path / "zs"


def test_everything_lies_in_the_home_and_nothing_is_created(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    home = Home(tmp_path)
    places = [home.store.root, home.tables.root, home.datasets, home.generated_videos]
    places += [home.results, home.reports, home.dagster]
    assert len(set(places)) == len(places)
    assert all(place.parent == tmp_path for place in places)
    assert list(tmp_path.iterdir()) == []


def test_dagster_keeps_its_own_home_where_it_has_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "shared"))
    assert Home(tmp_path / "zs").dagster == tmp_path / "shared"
