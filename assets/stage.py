"""What all stages have in common: partition, backfill, table, version of the result."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.automation.conditions import keep_fresh
from assets.automation.settings import SETTINGS, Settings
from assets.automation.sources import FILES, source_key
from assets.faults import contained
from assets.partitions import datasets
from assets.reuse import Reuse, reused
from assets.trials import tried
from zs_dagster.digests import ListDigest
from zs_dagster.home import Home
from zs_dagster.schemas import columns, lasting

Row = Mapping[str, Any]


def stage(  # noqa: PLR0913 - one keyword per thing an asset says about itself
    group: str,
    *,
    deps: Sequence[str | dg.AssetDep] = (),
    version: "str | ModelVersion" = "1",
    kinds: Sequence[str] = (),
    pool: str | None = None,
    options: Sequence[str] = (),
    checks: Mapping[str, str] | None = None,
    blocking: Sequence[str] = (),
    reuse: Reuse | None = None,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Declare a partitioned asset, named as its function and its table.

    Args:
        group: Group in the UI.
        deps: Assets whose tables or entries it reads, and files by the name of their source.
        version: Of its code; with the model it asks, if it asks one.
        kinds: Icons in the UI.
        pool: Pool whose slots it takes.
        options: Fields of a dataset's `localization`, `classification` or `training` that it
            reads, whichever has one of that name. Changing one makes the asset stale, for that
            dataset only.
        checks: Asset checks that it evaluates itself: name -> what must hold.
        blocking: Those of them without which nothing downstream may run.
        reuse: Given for one that computes from tables alone: an earlier result is kept where it
            would be the same.
    """

    def declare(compute: Callable[..., Any]) -> dg.AssetsDefinition:
        name = compute.__name__
        said = version if isinstance(version, ModelVersion) else ModelVersion(version)
        above: list[Any] = [
            source_key(one) if isinstance(one, str) and one in FILES else one for one in deps
        ]
        body = compute
        if reuse is not None:
            tables = [one for one in deps if isinstance(one, str) and one not in FILES]
            body = reused(compute, tables, reuse)
        if options or said.fingerprint:
            SETTINGS[name] = Settings(tuple(options), said.fingerprint)
            above.append(source_key(name))
        with warnings.catch_warnings():
            # One line per asset helps nobody. Without partitions of their own, checks of one
            # dataset would hide those of the next in the UI.
            warnings.simplefilter("ignore", dg.BetaWarning)
            warnings.simplefilter("ignore", dg.PreviewWarning)
            return dg.asset(
                partitions_def=datasets,
                backfill_policy=dg.BackfillPolicy.multi_run(1),
                group_name=group,
                deps=above,
                code_version=said.code,
                automation_condition=keep_fresh(),
                kinds=set(kinds),
                pool=pool,
                metadata=table_metadata(name),
                check_specs=[
                    dg.AssetCheckSpec(
                        check,
                        asset=name,
                        description=rule,
                        blocking=check in blocking,
                        partitions_def=datasets,
                    )
                    for check, rule in (checks or {}).items()
                ],
            )(contained(tried(body)))

    return declare


def table_metadata(table: str) -> dict[str, dg.TableSchema]:
    """Describe the columns of a table, with units, for the UI."""
    schema = [dg.TableColumn(*column) for column in columns(table)]
    return {"dagster/column_schema": dg.TableSchema(schema)} if schema else {}


@dataclass(frozen=True)
class ModelVersion:
    """Version of a stage that asks a model.

    Attributes:
        code: Version of its code.
        fingerprint: Profile name -> fingerprint of the model, without loading it.
    """

    code: str
    fingerprint: Callable[[str], str] | None = None


def model_version(code: str, fingerprint: Callable[[str], str]) -> ModelVersion:
    """Join a stage version with the fingerprint of the model that it asks.

    A changed model then makes the asset stale for the datasets that use it; a changed resource
    would not.
    """
    return ModelVersion(code, fingerprint)


class RowsVersion:
    """The version of a result: a digest of its rows, taken as they pass.

    Attributes:
        count: Rows so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._digest = ListDigest()

    def passing(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Take in rows and pass them on."""
        for row in rows:
            self.count += 1
            self._digest.add(lasting(row))
            yield row

    def add(self, rows: Iterable[Row]) -> None:
        """Take in rows that go nowhere else."""
        for _ in self.passing(rows):
            pass

    def result(
        self,
        *,
        computed: int,
        reused: int = 0,
        metadata: Mapping[str, Any] | None = None,
    ) -> dg.MaterializeResult:
        """Tell Dagster the version and what the result took.

        Args:
            computed: Units of work done in this run.
            reused: Units taken from the store.
            metadata: What else a person wants to see.
        """
        return dg.MaterializeResult(
            data_version=dg.DataVersion(self._digest.value()),
            metadata={"computed": computed, "reused": reused, **(metadata or {})},
        )


def publish(
    context: dg.AssetExecutionContext,
    home: Home,
    rows: Iterable[Row],
    *,
    computed: int | None = None,
    reused: int = 0,
    metadata: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    """Write the table of this asset (its name) and partition, and tell Dagster its version.

    Args:
        context: Names the table (the asset) and the dataset (the partition).
        home: Where tables lie.
        rows: The whole table of this dataset; a generator of them is never held as a whole.
        computed: Units of work done in this run; none: each row is one.
        reused: Units taken from the store.
        metadata: What else a person wants to see.
    """
    version = RowsVersion()
    name = context.asset_key.path[-1]
    home.tables.write(name, context.partition_key, version.passing(rows))
    units = version.count if computed is None else computed
    return version.result(computed=units, reused=reused, metadata=metadata)


def versioned(
    rows: Iterable[Row],
    *,
    computed: int,
    reused: int = 0,
    metadata: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    """Tell Dagster the version of a result, a digest of its rows, and what it took."""
    version = RowsVersion()
    version.add(rows)
    return version.result(computed=computed, reused=reused, metadata=metadata)
