"""A stage that would read what an earlier run read keeps that run's result.

Stages that ask a model reuse answer by answer. Those that compute from tables are reused as a
whole: they are made of the content of those tables, the dataset, the options of the run and the
code. A table that is damaged or gone is another content, so it is made anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any

import dagster as dg

from zs_dagster.datasets.description import Dataset
from zs_dagster.digests import ListDigest, digest, file_digest
from zs_dagster.home import Home
from zs_dagster.schemas import SCHEMAS, VOLATILE, lasting

KIND = "stage_results"
ROOT = Path(__file__).parents[1]
CODE = ("assets", "zs_dagster")
# Where files lie; what is in them, is in the tables.
PLACES = {"root", "videos", "annotations", "captions", "splits", "queries"}
Resources = Mapping[str, Any]


def _nothing(*_: object) -> None:
    return None


@dataclass(frozen=True)
class Reuse:
    """What is particular to a stage that is reused as a whole.

    Attributes:
        writes: Tables that it writes besides the one of its name.
        reads: Tables that it reads besides those of the assets it depends on.
        also: Dataset and resources -> what else its result is made of.
    """

    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    also: Callable[[Dataset, Resources], object] = _nothing


def reused(
    compute: Callable[..., dg.MaterializeResult], deps: Sequence[str], reuse: Reuse
) -> Callable[..., dg.MaterializeResult]:
    """Let a stage compute only where an earlier result of it does not hold.

    Args:
        compute: The stage.
        deps: Names of the assets whose tables it reads.
        reuse: What is particular to it.
    """
    reads, writes = (*deps, *reuse.reads), (compute.__name__, *reuse.writes)
    code_version()  # Of the code that was loaded, not of what lies there hours later.

    @wraps(compute)
    def call(context: dg.AssetExecutionContext, **resources: Any) -> dg.MaterializeResult:  # noqa: ANN401
        home, name = resources["home"].get(), context.partition_key
        key = digest(KIND, compute.__name__, name)
        made_of = _made_of(name, reads, resources, reuse)
        known = home.store.load_document(KIND, key)
        if (
            known
            and known["made_of"] == made_of
            and known["tables"] == _files(home, name, writes)
        ):
            return _again(known)
        result = compute(context, **resources)
        # Another run may have written what was read meanwhile: nobody knows then which it was.
        if _made_of(name, reads, resources, reuse) == made_of:
            said = _said(result) | {"made_of": made_of, "tables": _files(home, name, writes)}
            home.store.save_document(KIND, key, said)
        return result

    return call


def _made_of(name: str, reads: Sequence[str], resources: Resources, reuse: Reuse) -> str:
    """Digest all that a result is made of; the order of methods is part of it."""
    dataset, config = resources["library"].dataset(name), resources.get("config")
    return digest(
        code_version(),
        dataset.model_dump_json(exclude=PLACES),
        config.model_dump_json() if config else None,
        content(reads, resources["home"].get(), name),
        reuse.also(dataset, resources),
    )


@cache
def code_version() -> str:
    """Return the digest of our code and the tables that come with it, when first asked."""
    files = (path for folder in CODE for path in sorted((ROOT / folder).rglob("*")))
    kinds = {".py", ".yaml", ".json"}
    return digest([[path.name, file_digest(path)] for path in files if path.suffix in kinds])


def content(tables: Sequence[str], home: Home, dataset: str) -> dict[str, Any]:
    """Return a digest of each part of some tables, wherever and whenever they were made."""
    return {
        table: _rows(home, table, dataset)
        if VOLATILE.intersection(SCHEMAS[table].names)
        else home.tables.content(table, dataset)
        for table in tables
    }


def _files(home: Home, dataset: str, tables: Sequence[str]) -> dict[str, dict[str, str]]:
    return {table: home.tables.content(table, dataset) for table in tables}


def _rows(home: Home, table: str, dataset: str) -> dict[str, str]:
    found = {}
    for part in home.tables.parts(table, dataset):
        rows = ListDigest()
        for row in home.tables.each_row(table, dataset, part):
            rows.add(lasting(row))
        found[part] = rows.value()
    return found


def _said(result: dg.MaterializeResult) -> dict[str, Any]:
    """Return a result as a document; what the UI draws is kept as the Markdown it is."""
    metadata = dict(result.metadata or {})
    pictures = {
        name: value.md_str
        for name, value in metadata.items()
        if isinstance(value, dg.MarkdownMetadataValue)
    }
    plain = {name: value for name, value in metadata.items() if name not in pictures}
    version = result.data_version.value if result.data_version else ""
    return {"version": version, "metadata": plain, "pictures": pictures}


def _again(known: Mapping[str, Any]) -> dg.MaterializeResult:
    """Return the result of an earlier run: all its units are reused."""
    metadata = known["metadata"]
    units = metadata["computed"] + metadata["reused"]
    pictures = {name: dg.MetadataValue.md(text) for name, text in known["pictures"].items()}
    return dg.MaterializeResult(
        data_version=dg.DataVersion(known["version"]),
        metadata={**metadata, **pictures, "computed": 0, "reused": units},
    )
