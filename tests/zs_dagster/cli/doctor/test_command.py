"""`zs-dagster doctor`: a healthy home, a full disk, and a run whose process was killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import dagster as dg
import pytest

from zs_dagster.cli.doctor.command import CHECKS
from zs_dagster.cli.runs import dead_runs, holders_of_leaked_slots, process_tag
from zs_dagster.provenance import PROCESS_TAG

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

ROOT = Path(__file__).parents[4]
# Begins a run with our tag, claims a slot of the pool, and is killed.
CHILD = """
import os, signal, sys
import dagster as dg
from zs_dagster.cli.graph import prepare_environment
prepare_environment()
from zs_dagster.cli.runs import process_tag
from zs_dagster.definitions import defs
with dg.DagsterInstance.get() as instance:
    job = defs.resolve_job_def("localize")
    run = instance.create_run_for_job(job, tags={**process_tag(), "dagster/partition": "tiny"})
    instance.report_engine_event("started", run)
    from dagster import DagsterEvent, DagsterEventType
    event = DagsterEvent(DagsterEventType.PIPELINE_START.value, run.job_name)
    instance.report_dagster_event(event, run.run_id)
    instance.event_log_storage.initialize_concurrency_limit_to_default("gpu")
    claim = instance.event_log_storage.claim_concurrency_slot("gpu", run.run_id, "step")
    assert claim.is_claimed
    print(run.run_id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_healthy_home_is_ok(cli: "Cli", tiny: "TinyHome") -> None:
    ended = cli("doctor", "--json")
    rows = json.loads(ended.out)
    assert ended.status == 0, rows
    assert all(set(row) == {"check", "ok", "found"} for row in rows)
    found = {row["check"]: row["found"] for row in rows}
    assert list(found) == list(CHECKS)
    assert found["codecs"] == "decoders for h264, hevc, vp9, av1"
    assert found["home"] == str(tiny.root)
    assert "tiny" in found["datasets"]
    text = cli("doctor")
    assert text.status == 0
    assert all(line.startswith("ok ") for line in text.out.splitlines())


@pytest.mark.usefixtures("tiny")
def test_too_little_disk_is_reported_with_the_remedy(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10**9))
    ended = cli("doctor")
    assert ended.status == 1
    (bad,) = [line for line in ended.out.splitlines() if line.startswith("BAD")]
    assert "free disk must be at least 2 GB, got 1.0 GB at " in bad
    assert "set ZS_HOME to another disk" in bad


def test_a_broken_dataset_file_is_reported(cli: "Cli", tiny: "TinyHome") -> None:
    tiny.describe(clases=["typo"])
    ended = cli("doctor")
    assert ended.status == 1
    (bad,) = [line for line in ended.out.splitlines() if line.startswith("BAD")]
    line = tiny.dataset_file.read_text().splitlines().index("clases:") + 1
    assert f"tiny.yaml:{line}: clases: unknown key; did you mean classes?" in bad


@pytest.mark.usefixtures("tiny")
def test_a_killed_run_is_reported_and_ended(cli: "Cli") -> None:
    child = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    run_id = child.stdout.strip()
    sick = cli("doctor", "--json")
    (row,) = [row for row in json.loads(sick.out) if not row["ok"]]
    assert sick.status == 1
    assert row["check"] == "runs"
    assert row["found"].startswith(f"1 killed runs hold slots ({run_id[:8]})")
    with dg.DagsterInstance.get() as instance:
        slots = instance.event_log_storage.get_concurrency_info("gpu")
        assert slots.claimed_slots or slots.active_slot_count

    repaired = cli("doctor", "--fix")
    assert repaired.status == 0, repaired.out
    assert "1 killed runs ended" in repaired.out
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.status == dg.DagsterRunStatus.FAILURE
        slots = instance.event_log_storage.get_concurrency_info("gpu")
        assert slots.active_slot_count == 0
    assert cli("doctor").status == 0


def test_runs_of_living_processes_other_machines_and_other_tools_are_left_alone(
    tiny: "TinyHome",
) -> None:
    assert tiny.root.is_dir()
    (ours,) = process_tag().values()
    _, pid, started = ours.split("/")
    assert int(pid) == os.getpid()
    host = ours.split("/")[0]
    tags = {
        "living": {PROCESS_TAG: ours},
        "reused number": {PROCESS_TAG: f"{host}/{pid}/{int(started) + 1}"},
        "other machine": {PROCESS_TAG: f"elsewhere.{host}/{pid}/{int(started) + 1}"},
        "the UI": {},
    }
    with dg.DagsterInstance.ephemeral() as instance:
        ids = {
            instance.create_run_for_job(job(), tags=tag).run_id: name
            for name, tag in tags.items()
        }
        assert [ids[run.run_id] for run in dead_runs(instance)] == ["reused number"]


def test_a_slot_of_a_finished_run_is_reported_and_freed(cli: "Cli", tiny: "TinyHome") -> None:
    assert cli("doctor", "--repair").status == 0
    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(job())
        storage = instance.event_log_storage
        storage.initialize_concurrency_limit_to_default("gpu")
        assert storage.claim_concurrency_slot("gpu", run.run_id, "step").is_claimed
        assert holders_of_leaked_slots(instance) == []
        instance.report_run_failed(run, "by a tool that frees nothing")
        assert holders_of_leaked_slots(instance) == [run.run_id]
    sick = cli("doctor")
    assert sick.status == 1
    assert f"1 finished runs hold slots ({run.run_id[:8]}); doctor --fix frees" in sick.out
    assert "1 finished runs lost their slots" in cli("doctor", "--fix").out
    assert cli("doctor").status == 0, tiny.root


def job() -> dg.JobDefinition:
    @dg.op
    def nothing() -> None:
        pass

    @dg.job
    def empty() -> None:
        nothing()

    return empty
