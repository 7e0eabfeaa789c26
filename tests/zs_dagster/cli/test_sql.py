"""`zs-dagster sql`: one question, which changes nothing, answered readably."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with results of one table."""
    monkeypatch.setenv("ZS_HOME", str(tmp_path))
    with duckdb.connect(str(tmp_path / "results.duckdb")) as connection:
        connection.execute("create table segments as select 'v' as video_id, 0.5 as score")
    return tmp_path


def assert_refused(ended: "Ended", rule: str) -> None:
    assert (ended.status, ended.out) == (2, ""), ended
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith(f"error: {rule}")


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize("query", ["", " ", ";", "; ;", "-- hi", "/* hi */"])
def test_no_statement_is_bad_input(cli: "Cli", query: str) -> None:
    assert_refused(cli("sql", query), f"sql needs a question, got '{query}'; for example: from")


@pytest.mark.usefixtures("results")
def test_of_several_statements_none_is_run(cli: "Cli") -> None:
    rule = "sql takes one statement, got 2; ask one at a time"
    assert_refused(cli("sql", "select 1; select 2"), rule)
    assert cli("sql", "select 7 as seven;").status == 0


WRITERS = [
    ("copy (select 1) to 'new.csv'", "COPY"),
    ("/* from */ COPY segments to 'new.csv'", "COPY"),
    ("copy (pivot segments on video_id using sum(score)) to 'new.csv'", "COPY"),
    ("explain analyze copy (select 1) to 'new.csv'", "COPY"),
    ("explain (analyze) copy segments to 'new.csv'", "COPY"),
    ("explain -- select\n analyze copy segments to 'new.csv'", "COPY"),
    ("export database 'new'", "EXPORT"),
    ("import database 'old'", "IMPORT"),
    ("attach 'new.duckdb' as other", "ATTACH"),
    ("install httpfs", "INSTALL"),
    ("load httpfs", "LOAD"),
    ("set threads = 1", "SET"),
    ("use memory", "USE"),
    ("call enable_logging(storage = 'file', storage_path = 'new')", "CALL"),
    ("delete from segments", "DELETE"),
    ("with a as (from segments) insert into segments from a", "INSERT"),
    ("create temp table a as from segments", "CREATE"),
    ("prepare a as copy segments to 'new.csv'", "PREPARE"),
    ("checkpoint", "CHECKPOINT"),
]


@pytest.mark.parametrize(("query", "got"), WRITERS)
def test_what_is_no_question_is_refused_and_writes_nothing(
    cli: "Cli", results: Path, monkeypatch: pytest.MonkeyPatch, query: str, got: str
) -> None:
    monkeypatch.chdir(results)
    (results / "old").mkdir()
    (results / "old" / "schema.sql").touch()
    (results / "old" / "load.sql").write_text("copy (select 1) to 'new.csv';")
    ended = cli("sql", query)
    assert_refused(ended, "sql is read-only: it takes questions (from, select,")
    assert f", got {got}; for a file write `zs-dagster sql --json QUESTION > FILE`" in ended.err
    assert list(results.glob("new*")) == []


@pytest.mark.parametrize(
    "query",
    [
        "from enable_logging(storage = 'file', storage_config = {'path': 'new'})",
        "from enable_profiling(save_location = 'new')",
        "pragma enable_profiling = 'json'",
        "pragma profile_output = 'new'",
        "from query('copy segments to ''new.csv''')",
    ],
)
def test_a_question_cannot_write_a_file_by_the_way(
    cli: "Cli", results: Path, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.chdir(results)
    ended = cli("sql", query)
    assert (ended.status, ended.out) == (2, ""), ended
    assert list(results.glob("new*")) == []


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize(
    "query",
    [
        "from segments",
        "(select 1)",
        "-- Why?\nselect 1",
        "WITH a as (from segments) from a",
        "values (1)",
        "table segments",
        "describe segments",
        "desc segments",
        "summarize segments",
        "show tables",
        "explain select 1",
        "explain (select 1)",
        "explain (analyze, format json) from segments",
        "pragma table_info('segments')",
        "pragma database_size",
        "pivot segments on video_id using sum(score)",
        "unpivot segments on score",
        "from pragma_version()",
    ],
)
def test_questions_of_every_kind_are_answered(cli: "Cli", query: str) -> None:
    ended = cli("sql", query, "--json")
    assert ended.status == 0, ended
    assert json.loads(ended.out)


@pytest.mark.parametrize("width", [80, 200])
def test_a_wide_row_is_a_line_and_says_what_it_lacks(
    cli: "Cli", results: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    long = '{"weight": 0.5}\n' * 40
    columns = ", ".join(f"i * {n}000000000000000 as number_{n:02d}" for n in range(1, 21))
    with duckdb.connect(str(results / "results.duckdb")) as connection:
        connection.execute(
            f"create table wide as select i, 'same' as same, '{long}' as parameters, {columns} "  # noqa: S608
            "from range(3) t(i)"
        )
    ended = cli("sql", "from wide")
    lines = ended.out.splitlines()
    assert max(map(len, lines[:-1])) <= width
    # Three lines of the head and one of the foot, three rows, then what has no column.
    assert [line[:5] for line in lines[3:6]] == ["│ 0 │", "│ 1 │", "│ 2 │"]
    assert lines[7] == "same in every row: same"
    assert lines[8].startswith('parameters in every row: {"weight": 0.5}\\n{"weight"')
    assert lines[8].endswith("…")
    shown = lines[1].count("number_")
    assert shown >= 3
    assert lines[9].startswith(f"{20 - shown} of 23 columns left out: number_{shown + 1:02d}, ")
    assert lines[9].endswith("select columns by name, widen the terminal, or --json shows all")


def test_a_plan_is_printed_as_it_was_drawn(cli: "Cli", results: Path) -> None:
    assert results.is_dir()
    lines = cli("sql", "explain from segments").out.splitlines()
    assert len(lines) > 3
    assert "explain_value" not in lines[0]
