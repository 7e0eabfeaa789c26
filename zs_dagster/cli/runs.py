"""Runs whose process died: a kill leaves them "started" and holding a slot of their pool."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from zs_dagster.provenance import PROCESS_TAG

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun


def process_tag() -> dict[str, str]:
    """Tag a run with the process that executes it."""
    return {PROCESS_TAG: f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"}


def dead_runs(instance: "DagsterInstance") -> "list[DagsterRun]":
    """Return the unfinished runs of processes of this machine that no longer exist."""
    import dagster as dg

    unfinished = dg.RunsFilter(
        statuses=[
            dg.DagsterRunStatus.NOT_STARTED,
            dg.DagsterRunStatus.STARTING,
            dg.DagsterRunStatus.STARTED,
            dg.DagsterRunStatus.CANCELING,
        ]
    )
    return [run for run in instance.get_runs(unfinished) if _is_dead(run.tags.get(PROCESS_TAG))]


def end_dead_runs(instance: "DagsterInstance") -> int:
    """Report dead runs as failed and free their slots, so that the next run does not wait."""
    runs = dead_runs(instance)
    for run in runs:
        instance.report_run_failed(run, "The process of this run was killed.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(runs)


def _is_dead(tag: str | None) -> bool:
    if tag is None:
        return False
    host, pid, started = tag.split("/")
    return host == socket.gethostname() and _started(int(pid)) != started


def _started(pid: int) -> str:
    """Identify a process beyond its number, which the system may reuse; empty if it is gone."""
    try:
        # Field 22 of proc(5) stat; the name in field 2 may hold spaces, so count from its end.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, started = fields[0], fields[19]
    return "" if state == "Z" else started
