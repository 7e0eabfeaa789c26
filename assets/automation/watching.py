"""Noticing what changed outside the graph, and telling Dagster."""

import json
from collections.abc import Iterable, Iterator, Mapping

import dagster as dg

from assets.automation.sources import MADE_OF, VERSION_TAG, source_versions, watched
from assets.automation.tags import REASON, RETRIES
from assets.partitions import datasets
from resources.library import VideoLibrary
from zs_dagster.datasets.catalogue import Catalogue
from zs_dagster.datasets.description import Dataset
from zs_dagster.lines import one_line

INTERVAL_S = 60
BROKEN = "/broken/"  # No dataset has a name that begins so.
Seen = Mapping[str, str]


@dg.sensor(
    name="new_files",
    minimum_interval_seconds=INTERVAL_S,
    # It only looks; what follows from it is for `keep_fresh`, which is off until wanted.
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Notices new, changed and removed videos, annotations, questions and settings.",
)
def new_files(
    context: dg.SensorEvaluationContext, library: VideoLibrary
) -> dg.SensorResult | dg.SkipReason:
    """Report the sources that changed since the last look; the cursor holds their versions.

    It also holds what is wrong with broken dataset files, so that this is told once.
    """
    seen: Seen = json.loads(context.cursor or "{}")
    known = set(datasets.get_partition_keys())
    catalogue = library.catalogue()
    described = [one for one in watched(catalogue) if one.name in known]
    now = {name(event): event for one in described for event in _events(one, library)}
    versions = {place: event.tags[VERSION_TAG] for place, event in now.items()}
    changed = [now[place] for place, version in versions.items() if seen.get(place) != version]
    broken = {BROKEN + name: said for name, said in refused(catalogue).items()}
    told = [said for place, said in broken.items() if seen.get(place) != said]
    for said in told:
        context.log.warning(said)
    kept = {place: said for place, said in seen.items() if not place.startswith(BROKEN)}
    if not changed and {**kept, **broken} == seen:
        return dg.SkipReason("nothing changed")
    return dg.SensorResult(
        asset_events=changed,
        skip_reason="; ".join(told) or None,
        cursor=json.dumps({**kept, **versions, **broken}),
    )


keep_fresh_sensor = dg.AutomationConditionSensorDefinition(
    "keep_fresh",
    target=dg.AssetSelection.all(),
    minimum_interval_seconds=INTERVAL_S,
    run_tags={REASON: "keep_fresh", **RETRIES},
    description="Computes what became stale, stage by stage, in datasets that were run once.",
)


def refused(catalogue: Catalogue) -> dict[str, str]:
    """Return what is wrong with broken dataset files, by name, one line each."""
    return {
        name: one_line(f"dataset '{name}' is left out: {error}")
        for name, error in catalogue.broken.items()
    }


def name(event: dg.AssetObservation) -> str:
    """Name a source of a dataset."""
    return f"{event.partition}/{event.asset_key.to_user_string()}"


def observe(
    instance: dg.DagsterInstance,
    dataset: Dataset,
    library: VideoLibrary,
    names: Iterable[str] | None = None,
) -> None:
    """Report some sources of a dataset, or all, if they changed since Dagster last heard."""
    _report(instance, _events(dataset, library, names))


def observe_model(instance: dg.DagsterInstance, source: str, library: VideoLibrary) -> None:
    """Report the model of a dataset with captions where classifiers are trained as it.

    Else a job that is run before the sensor looks would seem to have used the model before.
    """
    for dataset in watched(library.catalogue()):
        if source in dataset.classification.trained_on:
            _report(instance, _events(dataset, library, MADE_OF))


def _report(instance: dg.DagsterInstance, events: Iterable[dg.AssetObservation]) -> None:
    for event in events:
        if _last_version(instance, event) != event.tags[VERSION_TAG]:
            instance.report_runless_asset_event(event)


def _events(
    dataset: Dataset, library: VideoLibrary, names: Iterable[str] | None = None
) -> Iterator[dg.AssetObservation]:
    for key, version in source_versions(dataset, library, names):
        yield dg.AssetObservation(key, partition=dataset.name, tags={VERSION_TAG: version})


def _last_version(instance: dg.DagsterInstance, event: dg.AssetObservation) -> str | None:
    wanted = dg.AssetRecordsFilter(event.asset_key, asset_partitions=[str(event.partition)])
    records = instance.fetch_observations(wanted, limit=1).records
    found = records[0].asset_observation if records else None
    return found.tags.get(VERSION_TAG) if found else None
