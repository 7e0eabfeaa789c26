"""Materialising the asset graph in this process; the command line has no other pipeline."""

import os
import resource
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zs_dagster.errors import InputError
from zs_dagster.home import Home

if TYPE_CHECKING:
    from dagster import ExecuteInProcessResult

ROOT = Path(__file__).parents[2]
QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes:
        run_id: Of the Dagster run.
        stages: Per asset ``computed``, ``reused`` (units of its own) and ``seconds``.
        seconds: Wall time.
        peak_rss_mb: Largest memory of this process so far.
    """

    run_id: str
    stages: dict[str, dict[str, float]]
    seconds: float
    peak_rss_mb: float


def prepare_environment() -> Home:
    """Fix the home for this process and its children, and give Dagster its settings."""
    home = Home.from_environment()
    os.environ["ZS_HOME"] = str(home.root)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    home.dagster.mkdir(parents=True, exist_ok=True)
    settings = home.dagster / "dagster.yaml"
    if not settings.exists():
        shutil.copyfile(ROOT / "dagster.yaml", settings)
    # `assets` and `resources` are common names: ours must win over an installed package.
    if sys.path[0] != str(ROOT):
        sys.path.insert(0, str(ROOT))
    return home


def materialise(dataset: str, job: str, options: Mapping[str, Mapping[str, Any]]) -> Outcome:
    """Run a job for one dataset and wait for it.

    Args:
        dataset: Partition key.
        job: Name of the job.
        options: Asset name -> configuration of that asset.

    Raises:
        InputError: If an option is not one of an asset of the job.
        ZsDagsterError: The failure of a stage, as the stage raised it.
    """
    import dagster as dg

    from zs_dagster.cli.runs import end_dead_runs, process_tag
    from zs_dagster.definitions import defs

    started = time.monotonic()
    with dg.DagsterInstance.get() as instance:
        end_dead_runs(instance)
        try:
            result = defs.resolve_job_def(job).execute_in_process(
                partition_key=dataset,
                instance=instance,
                run_config={
                    "loggers": QUIET,
                    "ops": {name: {"config": dict(values)} for name, values in options.items()},
                },
                tags=process_tag(),
            )
        except dg.DagsterInvalidConfigError as error:
            raise InputError(f"--set: {error.errors[0].message}") from error
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Outcome(result.run_id, _stages(result), time.monotonic() - started, peak)


def _stages(result: "ExecuteInProcessResult") -> dict[str, dict[str, float]]:
    stages: dict[str, dict[str, float]] = {}
    for event in result.all_events:
        # The data of an event is a union of 30 types; its type value says which.
        data: Any = event.event_specific_data
        if event.event_type_value == "ASSET_MATERIALIZATION":
            metadata = data.materialization.metadata
            counts = {name: metadata[name].value for name in ("computed", "reused")}
            stages.setdefault(str(event.node_name), {}).update(counts)
        elif event.event_type_value == "STEP_SUCCESS":
            seconds = round(data.duration_ms / 1000, 3)
            stages.setdefault(str(event.node_name), {})["seconds"] = seconds
    return stages
