"""What is requested by the clock: everything at night, what is stale by the hour."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg
from dagster import AssetKey

from assets.automation.sources import watched
from assets.automation.staleness import STALE, freshness, read_by
from assets.automation.tags import REASON, RETRIES
from assets.automation.watching import observe, refused
from resources.library import VideoLibrary
from zs_dagster.datasets.description import Dataset

AT_NIGHT, HOURLY = "0 2 * * *", "0 * * * *"
Stages = Mapping[str, Sequence[str]]
"""Task of a dataset -> its assets."""


def nightly_schedule(job: str, stages: Stages) -> dg.ScheduleDefinition:
    """Request every stage of every dataset; what is unchanged costs seconds."""

    @dg.schedule(
        name="nightly_schedule",
        job_name=job,
        cron_schedule=AT_NIGHT,
        description="Every dataset that was run once, from the files to the report.",
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, library: VideoLibrary
    ) -> Iterator[dg.RunRequest]:
        for dataset in taken_up(context.instance, library):
            yield _request(context, job, dataset.name, stages[dataset.task])
        # Fails with the reason, so that a broken file is seen and not forgotten.
        for name in broken(context.instance, library):
            yield _request(context, job, name, ["videos"])

    return schedule


def stale_schedule(job: str, stages: Stages) -> dg.ScheduleDefinition:
    """Request what is stale, and nothing else."""

    @dg.schedule(
        name="reprocess_stale_schedule",
        job_name=job,
        cron_schedule=HOURLY,
        description="The stale stages of every dataset that was run once.",
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, library: VideoLibrary
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        graph = context.repository_def.asset_graph
        requested = 0
        for dataset in taken_up(context.instance, library):
            assets = stages[dataset.task]
            observe(context.instance, dataset, library, read_by(graph, assets))
            found = freshness(context.instance, graph, library.home.get(), dataset.name, assets)
            stale = [asset for asset, one in found.items() if one.state == STALE]
            if stale:
                requested += 1
                yield _request(context, job, dataset.name, stale)
        told = [*broken(context.instance, library).values()]
        for said in told:
            context.log.warning(said)
        if not requested:
            yield dg.SkipReason("; ".join(told) or "nothing is stale")

    return schedule


def taken_up(instance: dg.DagsterInstance, library: VideoLibrary) -> list[Dataset]:
    """Return the datasets whose videos were looked at once; the others wait for a person."""
    made = instance.get_materialized_partitions(AssetKey("videos"))
    return [dataset for dataset in watched(library.catalogue()) if dataset.name in made]


def broken(instance: dg.DagsterInstance, library: VideoLibrary) -> dict[str, str]:
    """Return the datasets that were taken up and are broken now, and what is wrong."""
    made = instance.get_materialized_partitions(AssetKey("videos"))
    told = refused(library.catalogue())
    return {name: said for name, said in told.items() if name in made}


def _request(
    context: dg.ScheduleEvaluationContext, reason: str, dataset: str, assets: Sequence[str]
) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{reason}/{context.scheduled_execution_time:%Y-%m-%dT%H:%M}/{dataset}",
        partition_key=dataset,
        asset_selection=[AssetKey(asset) for asset in assets],
        tags={REASON: reason, **RETRIES},
    )
