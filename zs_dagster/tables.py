"""Parquet tables per dataset: what assets hand to each other, and what DuckDB publishes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zs_dagster.digests import digest, file_digest
from zs_dagster.errors import DamagedEntryError, StoreError
from zs_dagster.files import atomic_path, set_aside
from zs_dagster.rows_by_video import RowsByVideo
from zs_dagster.schemas import SCHEMAS

Row = Mapping[str, Any]
WHOLE = "data"
ROWS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Tables:
    """Files ``root/<table>/<dataset>/<part>.parquet``, each replaced as a whole.

    Attributes:
        root: Folder of the tables; made when the first one is written.
    """

    root: Path

    def path(self, table: str, dataset: str, part: str = WHOLE) -> Path:
        """Return where a part of a table lies, or would lie."""
        return self.root / table / dataset / f"{part}.parquet"

    def write(self, table: str, dataset: str, rows: Iterable[Row], part: str = WHOLE) -> None:
        """Replace one part of a table; the column ``dataset`` is filled in.

        Rows are taken some thousands at a time, so that those of a generator are never all in
        memory.

        Raises:
            StoreError: If the rows do not have exactly the columns of the schema.
        """
        with (
            atomic_path(self.path(table, dataset, part)) as temporary,
            pq.ParquetWriter(
                temporary, SCHEMAS[table], compression="zstd", write_page_checksum=True
            ) as file,
        ):
            for data in _chunks(table, dataset, iter(rows)):
                file.write_table(data)

    def keep_parts(self, table: str, dataset: str, parts: Sequence[str]) -> None:
        """Delete the parts that are not named, left over from videos that went away."""
        folder, kept = self.root / table / dataset, frozenset(parts)
        for path in folder.glob("*.parquet"):
            if path.stem not in kept:
                path.unlink(missing_ok=True)

    def replace_part(
        self,
        table: str,
        dataset: str,
        part: str,
        rows: Iterable[Row],
        older: Iterable[str],
    ) -> None:
        """Write the part about one thing, named by its content, and delete its older ones."""
        self.write(table, dataset, rows, part)
        for other in older:
            if other != part:
                self.path(table, dataset, other).unlink(missing_ok=True)

    def parts_about(
        self, table: str, dataset: str, names: Iterable[str]
    ) -> dict[str, list[str]]:
        """Return the parts written for some names, see `part_name`; none for the others.

        The folder is listed once, however many names there are.
        """
        found: dict[str, list[str]] = {}
        for part in self.parts(table, dataset):
            found.setdefault(part.partition("-")[0], []).append(part)
        return {name: found.get(_about(name), []) for name in names}

    def parts(self, table: str, dataset: str) -> list[str]:
        """Return the names of all parts, sorted."""
        return sorted(path.stem for path in (self.root / table / dataset).glob("*.parquet"))

    def content(self, table: str, dataset: str) -> dict[str, str]:
        """Return the digest of the file of every part; nothing is said about its rows.

        Raises:
            StoreError: If one cannot be read.
        """
        paths = sorted((self.root / table / dataset).glob("*.parquet"))
        try:
            return {path.stem: file_digest(path) for path in paths}
        except OSError as error:
            raise StoreError(
                f"table '{table}' of dataset '{dataset}' cannot be read ({error}); "
                f"materialise the asset '{table}' again"
            ) from error

    def has(self, table: str, dataset: str, part: str = WHOLE) -> bool:
        """Say whether a part was written."""
        return self.path(table, dataset, part).is_file()

    def read(self, table: str, dataset: str, part: str = WHOLE) -> pa.Table:
        """Read one part of a table.

        Raises:
            DamagedEntryError: If its file is not what was written; it then counts as absent.
            StoreError: If it was never materialised or cannot be read.
        """
        return pa.concat_tables(self.pieces(table, dataset, part))

    def pieces(self, table: str, dataset: str, part: str = WHOLE) -> Iterator[pa.Table]:
        """Yield one part of a table some thousand rows at a time: it is never all in memory.

        Raises:
            DamagedEntryError: As `read`, possibly after some rows.
            StoreError: As `read`.
        """
        path = self.path(table, dataset, part)
        try:
            yield from _verified(path, table)
        except ValueError as error:
            raise DamagedEntryError(
                f"table '{table}' of dataset '{dataset}' is damaged ({error}); it now lies at "
                f"'{set_aside(path)}', run again to compute it anew"
            ) from error
        except OSError as error:
            raise StoreError(
                f"table '{table}' of dataset '{dataset}' cannot be read ({error}); "
                f"materialise the asset '{table}' first"
            ) from error

    def rows(self, table: str, dataset: str, part: str = WHOLE) -> list[dict[str, Any]]:
        """Read one part of a table as a list of rows."""
        return list(self.each_row(table, dataset, part))

    def each_row(self, table: str, dataset: str, part: str = WHOLE) -> Iterator[dict[str, Any]]:
        """Yield the rows of one part of a table; they are never all in memory."""
        for piece in self.pieces(table, dataset, part):
            yield from piece.to_pylist()

    def by_video(
        self,
        table: str,
        dataset: str,
        kept: Callable[[pa.Table], pa.Table] = lambda piece: piece,
    ) -> RowsByVideo:
        """Return the rows of a table by video, of each piece what is kept."""
        return RowsByVideo(pa.concat_tables(map(kept, self.pieces(table, dataset))))

    def damaged(self) -> Iterator[Path]:
        """Read everything; yield the files that are not what was written."""
        for path in sorted(self.root.glob("*/*/*.parquet")):
            try:
                for _ in _verified(path, path.parents[1].name):
                    pass
            except FileNotFoundError:
                continue  # Replaced meanwhile by the part of a newer run.
            except ValueError:
                yield path


def _verified(path: Path, table: str) -> Iterator[pa.Table]:
    """Read a file and compare the checksum of each page; files of older versions have none.

    Raises:
        ValueError: If it is not what was written.
        OSError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield from _pieces(pq.ParquetFile(file, page_checksum_verification=True), table)
    except (pa.ArrowException, ValueError) as error:
        raise ValueError(" ".join(str(error).split())) from error
    except OSError as error:
        if error.errno is None:  # Not of the system: the reader could make no sense of it.
            raise ValueError(" ".join(str(error).split())) from error
        raise


def _pieces(file: pq.ParquetFile, table: str) -> Iterator[pa.Table]:
    # No checksum covers names, types and counts; a file of an older version may lack a column.
    schema, n_rows = file.schema_arrow, 0
    if not set(schema) <= set(SCHEMAS.get(table, schema)):
        raise ValueError("it has other columns than were written")
    yield schema.empty_table()
    for batch in file.iter_batches(ROWS_AT_ONCE):
        n_rows += len(batch)
        yield pa.Table.from_batches([batch])
    if n_rows != file.metadata.num_rows:
        raise ValueError("it has other rows than were written")


def part_name(name: str, content: object) -> str:
    """Name a part after what it is about and what is in it; safe as a file name."""
    return f"{_about(name)}-{digest(content)[:16]}"


def _about(name: str) -> str:
    return digest(name)[:16]


def _chunks(table: str, dataset: str, rows: Iterator[Row]) -> Iterator[pa.Table]:
    while some := [{"dataset": dataset, **row} for row in islice(rows, ROWS_AT_ONCE)]:
        data = pa.Table.from_pylist(some, SCHEMAS[table])
        _check(table, some, data)
        yield data


def _check(table: str, rows: Sequence[Row], data: pa.Table) -> None:
    expected = set(data.schema.names)
    for row in rows:
        if row.keys() != expected:
            wanted, got = (sorted(names - {"dataset"}) for names in (expected, set(row)))
            raise StoreError(f"rows of '{table}' must have the columns {wanted}, got {got}")
    for field in data.schema:
        if not field.nullable and data[field.name].null_count:
            raise StoreError(f"column '{field.name}' of '{table}' must not be empty")
