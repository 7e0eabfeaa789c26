"""Options that a run tries: they are checked before it, and what they made is told apart.

What a dataset always wants stands in its file. A trial writes the same tables, so that every
stage below shows its effect; until the next run without it they are not those of the file.
"""

import inspect
import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import dagster as dg

from zs_dagster.datasets.description import Dataset

TRIED = "tried"


class Trial(dg.Config):
    """Options of one stage; each has a default that tries nothing."""

    def check(self, dataset: Dataset) -> None:
        """Refuse what the stage would refuse for a dataset.

        Raises:
            InputError: Naming the option.
        """


TRIALS: dict[str, type[Trial]] = {}
"""Stage -> its options; filled as the stages are declared."""


def tried(compute: Callable[..., Any]) -> Callable[..., Any]:
    """Write beside the result of a stage what a run tried; a stage without options stays."""
    found = inspect.signature(compute).parameters.get("config")
    if found is None:
        return compute
    TRIALS[compute.__name__] = found.annotation

    @wraps(compute)
    def call(context: dg.AssetExecutionContext, config: Trial, **resources: Any) -> Any:  # noqa: ANN401
        result = compute(context, config=config, **resources)
        given = config.model_dump(mode="json", exclude_defaults=True)
        if not given:
            return result
        metadata = {**(result.metadata or {}), TRIED: dg.MetadataValue.json(given)}
        return dg.MaterializeResult(data_version=result.data_version, metadata=metadata)

    return call


def told(instance: dg.DagsterInstance, dataset: str) -> dict[str, str]:
    """Return which stages of a dataset were last made with options, and these as JSON."""
    said = {name: _last(instance, dataset, name) for name in TRIALS}
    return {
        name: json.dumps(given, ensure_ascii=False) for name, given in said.items() if given
    }


def sentence(instance: dg.DagsterInstance, dataset: str) -> str:
    """Say that results of a dataset are not those of its file; empty where they are."""
    trials = told(instance, dataset)
    made = ", ".join(f"{name} with {given}" for name, given in trials.items())
    return f"{made}, not as the dataset file says; a run without brings that back" * bool(made)


def _last(instance: dg.DagsterInstance, dataset: str, stage: str) -> Mapping[str, Any]:
    asked = dg.AssetRecordsFilter(dg.AssetKey(stage), asset_partitions=[dataset])
    records = instance.fetch_materializations(asked, limit=1).records
    made = records[0].asset_materialization if records else None
    given = made.metadata.get(TRIED) if made else None
    said = given.value if isinstance(given, dg.JsonMetadataValue) else None
    return said if isinstance(said, dict) else {}
