"""Runs whose process died: a kill leaves them "started" and holding a slot of their pool."""

import os
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from zs_dagster.processes import started
from zs_dagster.provenance import PROCESS_TAG

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun, RunRecord


def process_tag() -> dict[str, str]:
    """Tag a run with the process that executes it."""
    return {PROCESS_TAG: f"{socket.gethostname()}/{os.getpid()}/{started(os.getpid())}"}


def dead_runs(instance: "DagsterInstance") -> "list[DagsterRun]":
    """Return the unfinished runs of processes of this machine that no longer exist."""
    runs = (record.dagster_run for record in _unfinished(instance))
    return [run for run in runs if _is_dead(run.tags.get(PROCESS_TAG))]


def living_runs(instance: "DagsterInstance") -> "list[DagsterRun]":
    """Return the unfinished runs of processes that exist, or cannot be seen from here."""
    runs = (record.dagster_run for record in _unfinished(instance))
    return [run for run in runs if not _is_dead(run.tags.get(PROCESS_TAG))]


def holders_of_leaked_slots(instance: "DagsterInstance") -> list[str]:
    """Return the ids of finished or deleted runs that hold slots of a pool."""
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return []
    unfinished = {record.dagster_run.run_id for record in _unfinished(instance)}
    pools = (storage.get_concurrency_info(pool) for pool in storage.get_concurrency_keys())
    holders = {slot.run_id for pool in pools for slot in pool.claimed_slots}
    return sorted(holders - unfinished)


def end_dead_runs(instance: "DagsterInstance") -> int:
    """Report dead runs as failed and free their slots, so that the next run does not wait."""
    runs = dead_runs(instance)
    for run in runs:
        instance.report_run_failed(run, "The process of this run was killed.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(runs)


def _unfinished(instance: "DagsterInstance") -> "Sequence[RunRecord]":
    import dagster as dg

    statuses = [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ]
    return instance.get_run_records(dg.RunsFilter(statuses=statuses))


def _is_dead(tag: str | None) -> bool:
    if tag is None:
        return False
    host, pid, when = tag.split("/")
    return host == socket.gethostname() and started(int(pid)) != when
