"""One stage, or the whole graph, on the fake dataset of a home, in a process of its own.

Usage: python benchmarks/speed/stage_run.py HOME [STAGE]; prints one line of JSON.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import fake_dataset

QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
STAGES = (
    *("videos", "annotations", "class_queries", "frame_features", "class_embeddings"),
    *("candidate_classes", "frame_confidence", "segments", "localization_metrics"),
    *("ablations", "loss_waterfall", "error_types", "protocol_metrics"),
    *("localization_results", "report"),
)


def run_apart(home: Path, stage: str | None = None) -> dict[str, Any]:
    """Run it in a process of its own; returns what `measured` returns there."""
    command = [sys.executable, __file__, str(home), *([stage] if stage else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(home: Path, stage: str | None) -> dict[str, Any]:
    """Return CPU and wall time of the run and the largest memory of the process."""
    fake_dataset.use(home)
    import dagster as dg

    from zs_dagster.cli.graph import open_instance
    from zs_dagster.cli.runs import process_tag

    job = fake_dataset.instant_job()
    with open_instance() as instance:
        cpu, wall = time.process_time(), time.perf_counter()
        job.execute_in_process(
            partition_key=fake_dataset.NAME,
            instance=instance,
            asset_selection=[dg.AssetKey(stage)] if stage else None,
            run_config={"loggers": QUIET},
            tags=process_tag(),
        )
        took = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        **took,
        "children_cpu_s": children.ru_utime + children.ru_stime,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    where, *said = sys.argv[1:]
    print(json.dumps(measured(Path(where), said[0] if said else None)))
