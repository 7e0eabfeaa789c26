"""What all stages have in common: partition, backfill, table, version of the result."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.partitions import catalogue, datasets
from zs_dagster.datasets.catalogue import AD_HOC_PREFIXES
from zs_dagster.digests import digest
from zs_dagster.home import Home
from zs_dagster.schemas import columns

# Columns that say where and when, not what: they never make a dependant stale.
VOLATILE = frozenset({"path", "run_id", "created_at", "git_commit"})


def stage(  # noqa: PLR0913 - one keyword per thing an asset says about itself
    group: str,
    *,
    deps: Sequence[str | dg.AssetDep] = (),
    version: str = "1",
    kinds: Sequence[str] = (),
    pool: str | None = None,
    options: Sequence[str] = (),
    checks: Mapping[str, str] | None = None,
    blocking: Sequence[str] = (),
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Declare a partitioned asset, named as its function and its table.

    Args:
        group: Group in the UI.
        deps: Assets whose tables or entries it reads.
        version: Of its code and models.
        kinds: Icons in the UI.
        pool: Pool whose slots it takes.
        options: Fields of a dataset's `localization`, `classification` or `training` that it
            reads, whichever has one of that name. Changing one in any dataset file makes the
            asset stale; unchanged datasets then yield equal versions.
        checks: Asset checks that it evaluates itself: name -> what must hold.
        blocking: Those of them without which nothing downstream may run.
    """

    def declare(compute: Callable[..., Any]) -> dg.AssetsDefinition:
        with warnings.catch_warnings():
            # Backfill policies are "beta" in name only; one line per asset helps nobody.
            warnings.simplefilter("ignore", dg.BetaWarning)
            return dg.asset(
                partitions_def=datasets,
                backfill_policy=dg.BackfillPolicy.multi_run(1),
                group_name=group,
                deps=list(deps),
                code_version=f"{version}+{_said(options)}" if options else version,
                kinds=set(kinds),
                pool=pool,
                metadata=table_metadata(compute.__name__),
                check_specs=[
                    dg.AssetCheckSpec(
                        name,
                        asset=compute.__name__,
                        description=rule,
                        blocking=name in blocking,
                    )
                    for name, rule in (checks or {}).items()
                ],
            )(compute)

    return declare


def _said(options: Sequence[str]) -> str:
    """Digest what all dataset files say about some options.

    Datasets made on the way by `locate` or `classify` are left out: looking into one more
    video must not mark the results of all others as stale.
    """
    said = {
        name: [
            part.model_dump(mode="json", include=set(options))
            for part in (dataset.localization, dataset.classification, dataset.training)
        ]
        for name, dataset in catalogue.items()
        if not name.startswith(AD_HOC_PREFIXES)
    }
    return digest(said)[:12]


def table_metadata(table: str) -> dict[str, dg.TableSchema]:
    """Describe the columns of a table, with units, for the UI."""
    schema = [dg.TableColumn(*column) for column in columns(table)]
    return {"dagster/column_schema": dg.TableSchema(schema)} if schema else {}


def model_version(version: str, fingerprint: Callable[[str], str]) -> str:
    """Join a stage version with the fingerprints of the models that the datasets use.

    So a changed model makes the asset stale in the UI; a changed resource would not.
    """
    profiles = sorted(
        {d.profile for name, d in catalogue.items() if not name.startswith(AD_HOC_PREFIXES)}
    )
    return f"{version}+{digest([fingerprint(profile) for profile in profiles])[:12]}"


def publish(
    context: dg.AssetExecutionContext,
    home: Home,
    rows: Sequence[Mapping[str, Any]],
    *,
    computed: int,
    reused: int = 0,
    metadata: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    """Write the table of this asset (its name) and partition, and tell Dagster its version.

    Args:
        context: Names the table (the asset) and the dataset (the partition).
        home: Where tables lie.
        rows: The whole table of this dataset.
        computed: Units of work done in this run.
        reused: Units taken from the store.
        metadata: What else a person wants to see.
    """
    home.tables.write(context.asset_key.path[-1], context.partition_key, rows)
    return versioned(rows, computed=computed, reused=reused, metadata=metadata)


def versioned(
    rows: Sequence[Mapping[str, Any]],
    *,
    computed: int,
    reused: int = 0,
    metadata: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult:
    """Tell Dagster the version of a result, a digest of its rows, and what it took."""
    stable = [{k: v for k, v in row.items() if k not in VOLATILE} for row in rows]
    return dg.MaterializeResult(
        data_version=dg.DataVersion(digest(stable)),
        metadata={
            "computed": computed,
            "reused": reused,
            **(metadata or {}),
        },
    )
