"""The columns of every table: names, types, units; for Parquet, DuckDB and the UI alike."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from zs_dagster.schemas.classification import CLASSIFICATION
from zs_dagster.schemas.features import FEATURES
from zs_dagster.schemas.ingest import INGEST
from zs_dagster.schemas.localization import LOCALIZATION

SCHEMAS: dict[str, pa.Schema] = {**INGEST, **FEATURES, **LOCALIZATION, **CLASSIFICATION}
VOLATILE = frozenset({"path", "run_id", "created_at", "git_commit"})
"""Columns that say where and when, not what: they never make a dependant stale."""


def lasting(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row says wherever and whenever it was made."""
    return {name: value for name, value in row.items() if name not in VOLATILE}


def columns(table: str) -> list[tuple[str, str, str]]:
    """Return ``(name, type, description)`` of each column; none for what is no table."""
    return [
        (field.name, str(field.type), field.metadata[b"description"].decode())
        for field in SCHEMAS.get(table, pa.schema([]))
    ]
