"""Materialising the asset graph in this process; the command line has no other pipeline."""

import errno
import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from zs_dagster.errors import DamagedEntryError, InputError, ZsDagsterError
from zs_dagster.files import write_text
from zs_dagster.home import Home

if TYPE_CHECKING:
    from dagster import DagsterInstance, ExecuteInProcessResult, JobDefinition
    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

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


def fix_home() -> Home:
    """Fix the home for this process and its children; nothing is written."""
    home = Home.from_environment()
    os.environ["ZS_HOME"] = str(home.root)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    # `assets` and `resources` are common names: ours must win over an installed package.
    if sys.path[0] != str(ROOT):
        sys.path.insert(0, str(ROOT))
    return home


def prepare_environment() -> Home:
    """Fix the home for this process and its children, and give Dagster its settings.

    Raises:
        InputError: If the home may not be written to.
    """
    home = fix_home()
    settings = home.dagster / "dagster.yaml"
    try:
        home.root.mkdir(parents=True, exist_ok=True)
        if not settings.exists():
            write_text(settings, (ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    except OSError as error:
        raise unwritable(home, error.strerror) from error
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
    try:
        return _materialise(dataset, job, options)
    except DamagedEntryError as error:
        # The stage has set aside all that is damaged; whoever made it makes it anew.
        sys.stderr.write(f"warning: {error}; running once more\n")
        return _materialise(dataset, job, options)


def _materialise(dataset: str, job: str, options: Mapping[str, Mapping[str, Any]]) -> Outcome:
    import dagster as dg

    from zs_dagster.cli.runs import end_dead_runs, process_tag
    from zs_dagster.cli.staleness import report_sources
    from zs_dagster.definitions import defs

    started = time.monotonic()
    graph = defs.resolve_job_def(job)
    _check_options(graph, dataset, options)
    with only_run_of(dataset), open_instance() as instance:
        end_dead_runs(instance)
        report_sources(instance, dataset)
        try:
            result = graph.execute_in_process(
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


@contextmanager
def open_instance() -> "Iterator[DagsterInstance]":
    """Open Dagster's records, one process at a time: two that both make them anew fail."""
    import dagster as dg

    with _lock(".dagster", timeout_s=-1):
        instance = dg.DagsterInstance.get()
        # Each is made when it is first asked for.
        _ = instance.run_storage, instance.event_log_storage, instance.schedule_storage
    with instance:
        yield instance


def asset_graph() -> "BaseAssetGraph[Any]":
    """Return the graph of all assets."""
    from zs_dagster.definitions import defs

    return defs.resolve_asset_graph()


def stages_of(task: str) -> list[str]:
    """Return the assets of the job for a task of datasets."""
    from zs_dagster.definitions import STAGES

    return STAGES[task]


def check_options(dataset: str, job: str, options: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse what `materialise` would refuse, without running anything.

    Raises:
        InputError: If an option is not one of an asset of the job.
    """
    import dagster as dg

    from zs_dagster.definitions import defs

    graph = defs.resolve_job_def(job)
    _check_options(graph, dataset, options)
    ops = {name: {"config": dict(values)} for name, values in options.items()}
    try:
        dg.validate_run_config(graph, {"loggers": QUIET, "ops": ops})
    except dg.DagsterInvalidConfigError as error:
        raise InputError(f"--set: {error.errors[0].message}") from error


def _check_options(
    graph: "JobDefinition", dataset: str, options: Mapping[str, Mapping[str, Any]]
) -> None:
    """Refuse options that no asset of the job takes, and values that it would refuse later."""
    from pydantic import ValidationError

    from assets.trials import TRIALS
    from zs_dagster.cli.staleness import describe

    # Dagster would ignore options of an asset that has none in silence.
    takes = sorted(TRIALS.keys() & {node.name for node in graph.nodes})
    for name, values in options.items():
        if name not in takes:
            raise InputError(f"--set: '{name}' takes no options; {', '.join(takes)} do")
        known = TRIALS[name].model_fields
        if unknown := sorted(values.keys() - known.keys()):
            raise InputError(f"--set: {name} has {', '.join(known)}, got '{unknown[0]}'")
        try:
            TRIALS[name].model_validate(values).check(describe(dataset))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, (name, *first["loc"])))
            raise InputError(
                f"--set {where}: {first['msg']}, got {first['input']!r}"
            ) from error


@contextmanager
def only_run_of(dataset: str) -> Iterator[None]:
    """Hold the dataset while it runs: two runs at once would mix their tables.

    The lock goes with the process, however that ends.
    """
    try:
        with _lock(dataset, timeout_s=0):
            yield
    except Timeout as error:
        raise ZsDagsterError(
            f"dataset '{dataset}' is being run by another process; wait until that ends"
        ) from error


def _lock(name: str, timeout_s: float) -> FileLock:
    """Return a lock of this home; -1 waits for ever, 0 not at all."""
    return FileLock(lock_path(name), timeout=timeout_s)


def lock_path(name: str) -> Path:
    """Return the file of a lock of this home, in a folder that is there.

    Raises:
        InputError: If the folder may not be written to.
    """
    home = Home.from_environment()
    path = home.root / "locks" / f"{name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(home, error.strerror) from error
    if not os.access(path.parent, os.W_OK):
        is_read_only = os.statvfs(path.parent).f_flag & os.ST_RDONLY
        raise unwritable(home, os.strerror(errno.EROFS if is_read_only else errno.EACCES))
    return path


def unwritable(home: Home, reason: str | None) -> InputError:
    """Return what is said where the home may not be written to."""
    return InputError(
        f"the home folder must be writable, got '{home.root}': {reason}; "
        "set ZS_HOME to another one"
    )


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
