"""The DuckDB file people query: built from the Parquet tables, swapped in as a whole.

Files are the truth. One process builds at a time, in a temporary file; a reader's open
connection keeps the old file and never blocks a run.
"""

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from zs_dagster.errors import DamagedEntryError, StoreError
from zs_dagster.files import atomic_path, set_aside
from zs_dagster.schemas import SCHEMAS, columns
from zs_dagster.tables import Tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Too large to copy: read where it lies.
VIEWS = frozenset({"frame_confidence"})
ATTEMPTS = 5


@dataclass(frozen=True)
class ResultsDatabase:
    """The published results.

    Attributes:
        path: The DuckDB file.
    """

    path: Path

    def publish(self, tables: Path) -> dict[str, int]:
        """Build the database from the Parquet files below a folder.

        Returns:
            Rows per table.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.path}.lock"), atomic_path(self.path) as temporary:
            return _build_steadily(temporary, tables)


def _build_steadily(path: Path, tables: Path) -> dict[str, int]:
    """Build; begin again where another dataset replaced a file between listing and reading."""
    import duckdb

    for attempt in range(1, ATTEMPTS + 1):
        path.unlink(missing_ok=True)
        try:
            return _build(path, tables)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if attempt == ATTEMPTS:
                _refuse_damaged(tables)
                raise StoreError(
                    f"the tables below '{tables}' cannot be read ({error}); run again when no "
                    "other run is going on"
                ) from error
    raise AssertionError("unreachable: the last attempt returns or raises")


def _refuse_damaged(tables: Path) -> None:
    """Set damaged tables aside, if that is why they cannot be read.

    Raises:
        DamagedEntryError: If there are any.
    """
    damaged = list(Tables(tables).damaged())
    if damaged:
        aside = [str(set_aside(path)) for path in damaged]
        raise DamagedEntryError(
            f"{len(damaged)} tables are damaged and lie aside, '{aside[0]}' first; run again "
            "to compute them anew"
        )


def _build(path: Path, tables: Path) -> dict[str, int]:
    import duckdb

    with duckdb.connect(str(path)) as connection:
        counts = {table: _add(connection, table, tables / table) for table in SCHEMAS}
        connection.execute("checkpoint")
    return counts


def _add(connection: "DuckDBPyConnection", table: str, folder: Path) -> int:
    kind = "view" if table in VIEWS else "table"
    empty = ", ".join(f"null::{_sql(kind)} as {name}" for name, kind, _ in columns(table))
    source = f"select {empty} where false"
    parts = list(folder.glob("*/*.parquet"))
    if parts:
        # The folder is a name, whatever characters it has; only our own stars are a pattern.
        pattern = f"{glob.escape(str(folder))}/*/*.parquet".replace("'", "''")
        # By name after no rows of the schema: files of an older version may lack a column.
        # DuckDB then holds the footers of all, so it is asked to only where one does.
        is_union = str(not all(_is_current(table, part) for part in parts)).lower()
        files = f"from read_parquet('{pattern}', union_by_name = {is_union})"
        source = f"{source} union all by name {files}"
    connection.execute(f"create {kind} {table} as {source}")
    for name, _, meaning in columns(table):
        text = meaning.replace("'", "''")
        connection.execute(f"comment on column {table}.{name} is '{text}'")
    return sum(pq.read_metadata(part).num_rows for part in parts)


def _is_current(table: str, part: Path) -> bool:
    return set(pq.read_schema(part).names) == set(SCHEMAS[table].names)


def _sql(kind: str) -> str:
    return {"string": "varchar", "double": "double", "int64": "bigint", "bool": "boolean"}[kind]
