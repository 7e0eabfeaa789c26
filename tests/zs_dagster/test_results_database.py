"""The published DuckDB file holds every table and never blocks on a reader."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from zs_dagster.errors import DamagedEntryError
from zs_dagster.results_database import VIEWS, ResultsDatabase
from zs_dagster.schemas import SCHEMAS, columns
from zs_dagster.tables import Tables


def annotation(video: str) -> dict[str, Any]:
    times = {"start_s": 1.0, "end_s": 2.0}
    return {"video_id": video, "label": "jump", "subsets": "", **times}


def confidence(video: str) -> dict[str, Any]:
    answers = {"p_start": 0.25, "p_end": 0.5, "p_middle": None}
    return {"video_id": video, "label": "jump", "time_s": 0.0, **answers}


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
        return rows


def filled(root: Path) -> Tables:
    tables = Tables(root)
    tables.write("annotations", "one", [annotation("a"), annotation("b")])
    tables.write("annotations", "two", [annotation("c")])
    tables.write("frame_confidence", "one", [confidence("a")], "part-a")
    tables.write("frame_confidence", "one", [confidence("b")], "part-b")
    return tables


def test_rows_of_all_datasets_and_parts_are_published(tmp_path: Path) -> None:
    tables, database = filled(tmp_path / "tables"), ResultsDatabase(tmp_path / "results.duckdb")
    counts = database.publish(tables.root)
    assert counts == dict.fromkeys(SCHEMAS, 0) | {"annotations": 3, "frame_confidence": 2}
    found = ask(database.path, "select dataset, video_id from annotations order by video_id")
    assert found == [("one", "a"), ("one", "b"), ("two", "c")]
    assert ask(database.path, "select sum(p_start) from frame_confidence") == [(0.5,)]


@pytest.mark.parametrize("is_filled", [True, False])
def test_every_table_has_its_columns_types_and_comments(
    tmp_path: Path, is_filled: bool
) -> None:
    if is_filled:
        filled(tmp_path / "tables")
    database = ResultsDatabase(tmp_path / "results.duckdb")
    database.publish(tmp_path / "tables")
    types = {"string": "VARCHAR", "double": "DOUBLE", "int64": "BIGINT", "bool": "BOOLEAN"}
    query = "select column_name, data_type, comment from duckdb_columns() where table_name = "
    for table in SCHEMAS:
        found = ask(database.path, f"{query} '{table}' order by column_index")
        assert found == [(n, types[kind], text) for n, kind, text in columns(table)], table


def test_large_tables_are_views_over_the_files(tmp_path: Path) -> None:
    tables, database = filled(tmp_path / "tables"), ResultsDatabase(tmp_path / "results.duckdb")
    database.publish(tables.root)
    views = ask(database.path, "select view_name from duckdb_views() where not internal")
    assert {name for (name,) in views} == set(VIEWS) == {"frame_confidence"}
    tables.write("frame_confidence", "one", [confidence("c")], "part-c")
    assert ask(database.path, "select count(*) from frame_confidence") == [(3,)]


def test_an_open_reader_blocks_no_rebuild_and_keeps_what_it_saw(tmp_path: Path) -> None:
    tables, database = filled(tmp_path / "tables"), ResultsDatabase(tmp_path / "results.duckdb")
    database.publish(tables.root)
    with duckdb.connect(str(database.path), read_only=True) as reader:
        tables.write("annotations", "two", [])
        assert database.publish(tables.root)["annotations"] == 2
        assert reader.execute("select count(*) from annotations").fetchall() == [(3,)]
    assert ask(database.path, "select count(*) from annotations") == [(2,)]


def test_a_folder_with_quotes_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "it's; drop table annotations; --"
    database = ResultsDatabase(folder / "results.duckdb")
    database.publish(filled(folder / "tables").root)
    assert ask(database.path, "select count(*) from annotations") == [(3,)]
    assert ask(database.path, "select count(*) from frame_confidence") == [(2,)]


@pytest.mark.parametrize("name", ["[ab]", "a*b"])
def test_a_folder_with_glob_characters_is_a_folder(tmp_path: Path, name: str) -> None:
    database = ResultsDatabase(tmp_path / name / "results.duckdb")
    database.publish(filled(tmp_path / name / "tables").root)
    assert ask(database.path, "select count(*) from annotations") == [(3,)]


@pytest.mark.parametrize("older", [["one"], ["two"], ["one", "two"]], ids="-".join)
def test_files_of_an_older_version_are_published_with_nulls(
    tmp_path: Path, older: list[str]
) -> None:
    tables, database = Tables(tmp_path / "tables"), ResultsDatabase(tmp_path / "results.duckdb")
    for dataset in ("one", "two"):
        tables.write("methods", dataset, [{"method": "zeal", "parameters": "{}"}])
        if dataset in older:
            path = tables.path("methods", dataset)
            pq.write_table(pq.ParquetFile(path).read(["dataset", "method"]), path)
    assert database.publish(tables.root)["methods"] == 2
    said = {name: None if name in older else "{}" for name in ("one", "two")}
    found = ask(database.path, "select dataset, method, parameters from methods order by 1")
    assert found == [(name, "zeal", text) for name, text in said.items()]


def test_no_tables_at_all_give_a_database_of_empty_ones(tmp_path: Path) -> None:
    database = ResultsDatabase(tmp_path / "new" / "results.duckdb")
    assert database.publish(tmp_path / "nothing") == dict.fromkeys(SCHEMAS, 0)
    for table in SCHEMAS:
        assert ask(database.path, f"select * from {table}") == []  # noqa: S608


def test_nothing_temporary_is_left(tmp_path: Path) -> None:
    ResultsDatabase(tmp_path / "results.duckdb").publish(tmp_path / "nothing")
    left = {path.name for path in tmp_path.iterdir()} - {"results.duckdb.lock"}
    assert left == {"results.duckdb"}


# Keeps one connection open and asks through it again and again, until told to end.
READER = """
import duckdb, sys, threading
path, counts = sys.argv[1], []
kept = duckdb.connect(path, read_only=True)
first = kept.execute("select count(*) from annotations").fetchone()[0]
print("open", flush=True)
ended = threading.Thread(target=sys.stdin.read, daemon=True)
ended.start()
while ended.is_alive() or not counts:
    counts.append(kept.execute("select count(*) from annotations").fetchone()[0])
assert set(counts) == {first}, counts
print(first, flush=True)
"""


def test_eight_datasets_at_once_lose_no_row_while_a_reader_keeps_it_open(
    tmp_path: Path,
) -> None:
    tables, database = filled(tmp_path / "tables"), ResultsDatabase(tmp_path / "results.duckdb")
    database.publish(tables.root)
    command = [sys.executable, "-c", READER, str(database.path)]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"

        def materialise(number: int) -> dict[str, int]:
            for part in ("a", "b"):
                tables.write("annotations", f"dataset-{number}", [annotation(part)], part)
            return ResultsDatabase(database.path).publish(tables.root)

        with ThreadPoolExecutor(8) as pool:
            counts = [count["annotations"] for count in pool.map(materialise, range(8))]
        assert reader.communicate()[0] == "3\n"
    assert reader.returncode == 0
    assert max(counts) == 3 + 16
    assert ask(database.path, "select count(distinct dataset) from annotations") == [(10,)]


@pytest.mark.parametrize("kept", [0, 40, -1])
def test_a_damaged_table_is_set_aside_and_the_next_run_makes_it_anew(
    tmp_path: Path, kept: int
) -> None:
    tables, database = filled(tmp_path / "tables"), ResultsDatabase(tmp_path / "results.duckdb")
    path = tables.path("annotations", "two")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(
        DamagedEntryError, match=f"1 tables are damaged .*'{path}.damaged' first"
    ):
        database.publish(tables.root)
    assert database.publish(tables.root)["annotations"] == 2
