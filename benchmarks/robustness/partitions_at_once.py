"""Materialise eight datasets at once while others read `results.duckdb` over and over.

    python benchmarks/robustness/partitions_at_once.py [--how backfill] [--fps F] [--json FILE]

`command-line`: a process of `zs-dagster run` per dataset, all begun at once. `backfill`: what a
backfill of the job `localize` does, runs of Dagster's daemon with its multiprocess executor, as
many at once as the shipped settings allow; `--kill-daemon` ends the daemon by SIGKILL when the
first runs have begun, and starts another. One reader keeps the database open, one opens it
anew for each read. At the end all tables are compared with those of runs made one at a time.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from subprocess import PIPE
from typing import Any

from drawn_homes import ROOT, describe, different

from zs_dagster.home import Home
from zs_dagster.results_database import ResultsDatabase

DATASETS = tuple(f"set-{number}" for number in range(8))
START = "from zs_dagster.cli.program import program; program()"
ONE_BY_ONE = """
import sys
from zs_dagster.cli.graph import materialise, prepare_environment
prepare_environment()
for name in sys.argv[1:]:
    materialise(name, "localize", {})
"""
# Reads every table until standard input ends; a view reads the files of the moment.
READER = """
import duckdb, json, sys, threading, time
path, keeps = sys.argv[1], sys.argv[2] == "keeps"
ended = threading.Thread(target=sys.stdin.read, daemon=True)
ended.start()
reads, errors, rows, kept = 0, [], [], None
while ended.is_alive():
    try:
        kept = kept or duckdb.connect(path, read_only=True)
        names = [n for (n,) in kept.execute(
            "select table_name from information_schema.tables where table_schema = 'main'"
        ).fetchall()]
        counts = {n: kept.execute(f"select count(*) from {n}").fetchone()[0] for n in names}
        rows.append(counts["segments"])
        if not keeps:
            kept.close()
            kept = None
    except Exception as error:
        errors.append(f"{type(error).__name__}: {error}")
    reads += 1
    time.sleep(0.05)
print(json.dumps({"reads": reads, "errors": errors, "segments_seen": sorted(set(rows))}))
"""


def main() -> None:
    """Print what was read, and whether the results agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--how", choices=["command-line", "backfill"], default="command-line")
    parser.add_argument("--fps", type=float, default=0.1, help="frames scored per second")
    parser.add_argument("--kill-daemon", action="store_true", help="once, during a backfill")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = _compare(Path(folder), asked.how, asked.fps, asked.kill_daemon)
    print(json.dumps(result, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1))


def _compare(folder: Path, how: str, fps: float, kill_daemon: bool) -> dict[str, Any]:
    calm, busy = folder / "calm", folder / "busy"
    for home in (calm, busy):
        describe(home, folder, DATASETS, 1, fps)
    _start(calm, "-c", ONE_BY_ONE, *DATASETS).wait()
    results = ResultsDatabase(Home(busy).results)
    results.publish(Home(busy).tables.root)
    readers = {
        kind: subprocess.Popen(
            [sys.executable, "-c", READER, str(results.path), kind], stdin=PIPE, stdout=PIPE
        )
        for kind in ("keeps", "reopens")
    }
    started = time.monotonic()
    runs = _backfill(busy, kill_daemon) if how == "backfill" else _command_line(busy)
    seconds = round(time.monotonic() - started, 1)
    read = {kind: json.loads(one.communicate()[0]) for kind, one in readers.items()}
    doctor = _start(busy, "-c", START, "doctor").wait()
    return {
        "how": how,
        "seconds": seconds,
        "runs": runs,
        "readers": read,
        "different_tables": different(Home(calm), Home(busy), DATASETS),
        "rows": {kind: _rows(home) for kind, home in (("calm", calm), ("busy", busy))},
        "doctor_afterwards": doctor,
        "temporary_left": len([*busy.rglob(".*.tmp*")]),
    }


def _command_line(home: Path) -> dict[str, int]:
    """Run every dataset in a process of its own, all at once."""
    started = [_start(home, "-c", START, "run", name) for name in DATASETS]
    return dict(Counter(f"status {process.wait()}" for process in started))


def _backfill(home: Path, kill_daemon: bool) -> dict[str, int]:
    """Backfill the job, as the UI does it, and wait for its runs."""
    import dagster as dg

    os.environ.update(_places(home))
    # As `zs-dagster ui` leaves the home before it starts anything.
    _start(home, "-c", START, "status").wait()
    daemon = _daemon(home)
    words = ["job", "backfill", "-w", "workspace.yaml", "-j", "localize", "--noprompt"]
    _start(home, "-m", "dagster", *words, "--partitions", ",".join(DATASETS)).wait()
    with dg.DagsterInstance.get() as instance:
        while True:
            runs = instance.get_runs()
            begun = [run for run in runs if run.status is dg.DagsterRunStatus.STARTED]
            if kill_daemon and len(begun) >= 2:
                daemon.send_signal(signal.SIGKILL)
                daemon.wait()
                time.sleep(5)
                daemon, kill_daemon = _daemon(home), False
            if len(runs) >= len(DATASETS) and all(run.is_finished for run in runs):
                break
            time.sleep(2)
    daemon.terminate()
    daemon.wait()
    return dict(Counter(run.status.value for run in runs))


def _daemon(home: Path) -> subprocess.Popen[bytes]:
    return _start(home, "-m", "dagster._daemon", "run", "-w", "workspace.yaml")


def _start(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with (home / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **_places(home)},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )


def _places(home: Path) -> dict[str, str]:
    return {"ZS_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}


def _rows(home: Path) -> int:
    """Count the rows of all tables that the database holds."""
    import duckdb

    with duckdb.connect(str(Home(home).results), read_only=True) as connection:
        query = "select table_name from duckdb_tables() where not internal"
        names = [name for (name,) in connection.execute(query).fetchall()]
        return sum(connection.table(name).shape[0] for name in names)


if __name__ == "__main__":
    main()
