"""The columns of every table: names, types, units; for Parquet, DuckDB and the UI alike."""

import pyarrow as pa

from zs_dagster.schemas.classification import CLASSIFICATION
from zs_dagster.schemas.features import FEATURES
from zs_dagster.schemas.ingest import INGEST
from zs_dagster.schemas.localization import LOCALIZATION

SCHEMAS: dict[str, pa.Schema] = {**INGEST, **FEATURES, **LOCALIZATION, **CLASSIFICATION}
VOLATILE = frozenset({"path", "run_id", "created_at", "git_commit"})
"""Columns that say where and when, not what: they never make a dependant stale."""


def columns(table: str) -> list[tuple[str, str, str]]:
    """Return ``(name, type, description)`` of each column; none for what is no table."""
    return [
        (field.name, str(field.type), field.metadata[b"description"].decode())
        for field in SCHEMAS.get(table, pa.schema([]))
    ]
