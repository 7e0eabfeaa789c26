"""`zs-dagster sql`: one question, which changes nothing, answered readably."""

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
