"""All tables of all datasets -> the published DuckDB file, after the last stage of a task.

Each task has such an asset, which depends on the tables of that task alone: a job then waits
for nothing that lies outside of it. What each publishes is the whole file.
"""

from collections.abc import Sequence

import dagster as dg

from assets.automation.conditions import keep_fresh
from assets.faults import contained
from assets.partitions import catalogue
from resources.home import HomeResource
from zs_dagster.results_database import ResultsDatabase

VERSION = "3"


def published(task: str, name: str, tables: Sequence[str]) -> dg.AssetsDefinition:
    """Declare the unpartitioned asset that publishes after the datasets of a task.

    Args:
        task: Of the datasets whose tables make it stale.
        name: Of the asset.
        tables: Assets whose tables that task writes.
    """
    of_task = sorted(one for one, dataset in catalogue.items() if dataset.task == task)
    mapping = dg.SpecificPartitionsPartitionMapping(of_task)

    @dg.asset(
        name=name,
        group_name="results",
        deps=[dg.AssetDep(table, partition_mapping=mapping) for table in tables],
        kinds={"duckdb"},
        code_version=VERSION,
        automation_condition=keep_fresh(),
    )
    @contained
    def publish(
        context: dg.AssetExecutionContext,  # noqa: ARG001 - for what is done about failures
        home: HomeResource,
    ) -> dg.MaterializeResult:
        """One DuckDB file with every table of every dataset, replaced as a whole.

        Query it with `zs-dagster sql`, DuckDB or any tool that speaks it.
        """
        where = home.get()
        counts = ResultsDatabase(where.results).publish(where.tables.root)
        return dg.MaterializeResult(
            metadata={
                "file": dg.MetadataValue.path(str(where.results)),
                "computed": 1,
                "reused": 0,
                **{f"rows/{table}": count for table, count in counts.items()},
            }
        )

    return publish
