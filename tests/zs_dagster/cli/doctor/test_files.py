"""What faults leave in the home is found, and cleared away on request."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import pytest

from zs_dagster.cli.doctor.files import store_entries, table_files, temporary_files, trainings
from zs_dagster.cli.graph import prepare_environment
from zs_dagster.cli.runs import process_tag
from zs_dagster.errors import ZsDagsterError
from zs_dagster.files import atomic_path
from zs_dagster.home import Home
from zs_dagster.processes import identity

if TYPE_CHECKING:
    from tests.conftest import TinyHome

KEY = "ab" + "0" * 30


@pytest.fixture
def home(tiny: "TinyHome") -> Home:
    assert tiny.root == prepare_environment().root
    return Home(tiny.root)


def left_over(home: Home) -> Path:
    """Return what a killed writer of this machine leaves: its number is another's by now."""
    host, pid, when = identity().split("-")
    name = f".{KEY}.json.{host}-{pid}-{int(when) - 1}.a1b2c3_4.tmp"
    path = home.root / "store" / "kind" / name
    path.parent.mkdir(parents=True)
    path.write_text("{")
    return path


@contextmanager
def a_living_run() -> Iterator[None]:
    @dg.job
    def empty() -> None:
        pass

    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(empty, tags=process_tag())
        instance.report_engine_event("started", run)
    yield


def test_temporary_files_without_a_writer_are_deleted(home: Home) -> None:
    path, own = left_over(home), home.root / ".notes.tmp"
    own.write_text("of the user")
    assert temporary_files(Home(home.root / "other"), False).startswith("0 temporary files")
    with pytest.raises(ZsDagsterError, match=rf"1 temporary files .*'{path}' first.*--fix"):
        temporary_files(home, False)
    assert temporary_files(home, True) == "1 temporary files of killed runs deleted"
    assert not path.exists()
    assert own.is_file()


NOW = 1.7e9
CLOCKS = {"right": 0.0, "set back a day": 86_400.0, "set forward a day": -86_400.0}


@pytest.mark.parametrize("age_s", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize("has_run", [True, False], ids=["a run", "no run"])
def test_a_file_that_is_being_written_is_left_alone_whatever_the_clock(
    home: Home, age_s: float, has_run: bool
) -> None:
    old, path = left_over(home), home.results
    with atomic_path(path) as living, a_living_run() if has_run else nullcontext():
        living.write_text("half")
        log = living.with_name(living.name + ".wal")
        log.write_text("half")
        for file in (old, living, log):
            os.utime(file, (NOW - age_s, NOW - age_s))
        assert temporary_files(home, True) == "1 temporary files of killed runs deleted"
        assert (old.exists(), living.exists(), log.exists()) == (False, True, True)
    assert path.read_text() == "half"


@pytest.mark.parametrize("writer", ["", "00000000-1-1."], ids=["unnamed", "elsewhere"])
def test_a_writer_that_cannot_be_seen_is_taken_for_dead_when_no_run_lives(
    home: Home, writer: str
) -> None:
    path = home.root / f".results.duckdb.{writer}a1b2c3_4.tmp"
    path.write_text("half")
    log = path.with_name(path.name + ".wal")
    log.write_text("half")
    with pytest.raises(ZsDagsterError, match="2 temporary files of killed runs"):
        temporary_files(home, False)
    with a_living_run():
        assert temporary_files(home, True).startswith("0 temporary files")
    assert path.exists()


def test_states_of_trainings_go_when_their_model_is_stored(home: Home) -> None:
    done, going_on = (home.training / f"{name}.safetensors" for name in (KEY, "c" * 32))
    home.training.mkdir()
    done.touch()
    going_on.touch()
    assert trainings(home, False).endswith("2 unfinished, to be gone on with")
    home.store.save_document("cezsar_training", KEY, {"metrics": {}})
    with pytest.raises(ZsDagsterError, match="1 states of finished trainings"):
        trainings(home, False)
    assert trainings(home, True).startswith("1 states of finished trainings deleted; 1 unfin")
    assert (done.exists(), going_on.exists()) == (False, True)


def test_damaged_entries_and_tables_are_found_and_deleted(home: Home) -> None:
    home.store.save_arrays("kind", KEY, {"a": np.ones(3)})
    home.store.save_document("kind", KEY, {"label": "run"})
    home.tables.write("annotations", "tiny", [])
    assert store_entries(home, False).startswith("0 damaged store entries (2 entries")
    assert table_files(home, False) == "0 damaged tables"
    broken = (
        home.store.path("kind", KEY, "safetensors"),
        home.tables.path("annotations", "tiny"),
    )
    for path in broken:
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ZsDagsterError, match=rf"1 store entries are damaged \('{broken[0]}'"):
        store_entries(home, False)
    with pytest.raises(ZsDagsterError, match=rf"1 tables are damaged \('{broken[1]}'"):
        table_files(home, False)
    assert all(path.is_file() for path in broken)
    assert store_entries(home, True).startswith("1 damaged store entries deleted (2 entries")
    assert table_files(home, True) == "1 damaged tables deleted"
    left = [path.suffix for path in (home.root / "store").rglob("*.*")]
    assert left == [".json"]
    assert not home.tables.has("annotations", "tiny")


def test_what_a_run_has_set_aside_is_reported_and_deleted(home: Home) -> None:
    home.store.save_document("kind", KEY, {"label": "run"})
    home.store.path("kind", KEY, "json").write_text("{")
    assert home.store.load_document("kind", KEY) is None
    with pytest.raises(
        ZsDagsterError, match=r"1 damaged store entries \('.*\.damaged' first\)"
    ):
        store_entries(home, False)
    assert store_entries(home, True).startswith("1 damaged store entries deleted")
    assert store_entries(home, False).startswith("0 damaged store entries")
