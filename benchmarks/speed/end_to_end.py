"""Videos in, metrics out: one `zs-dagster run` against a script, each in a process of its own.

The videos are drawn ones of the demo, 60 to 90 s each, with its 16 classes and its two small
models; both look at one frame a second, ask two questions about each of the four likeliest
classes, and find the same segments. The script (`end_to_end_reference.py`) decodes every frame,
prepares it by PIL, asks with one call per frame and question, and loops over intervals and data
frames. Ours also keeps everything, estimates intervals, and writes a report. The limit decodes
every file once and spends nothing but the forward passes that ours takes. CPU seconds of all
processes, one thread each.

Usage: python benchmarks/speed/end_to_end.py [--quick] [--json FILE].
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from decode import cpu_seconds, decode_all
from measured import ROOT, Measured, main

from zs_dagster.demo.bank import BANK_PATH
from zs_dagster.demo.videos import Script, draw_scripts, ground_truth, scripts
from zs_dagster.demo.world import classes
from zs_dagster.queries.class_query import ClassQuery

COUNTS, QUICK = (1, 4, 16), (1, 4)
NAME, PROFILE, TOP = "end-to-end", "demo", 4
REFERENCE = Path(__file__).with_name("end_to_end_reference.py")
ZS_DAGSTER = Path(sys.executable).with_name("zs-dagster")
SCRIPT = "a script: all frames, PIL, a call per frame and question, loops"
LARGEST_DIFFERENCE = 0.01
"""Of average mAP, a fraction: the store rounds CLIP features to float16."""


@dataclass(frozen=True)
class Work:
    """Some videos with their ground truth and questions, in a folder that becomes a home."""

    home: Path
    videos: Sequence[Path]
    queries: Sequence[ClassQuery]

    @classmethod
    def write(cls, home: Path, drawn: Path, made: Sequence[Script]) -> "Work":
        """Write the dataset of ours and the work of the script."""
        (home / "datasets").mkdir(parents=True)
        truth = home / "truth.json"
        truth.write_text(json.dumps(ground_truth(list(made))))
        work = cls(home, [drawn / f"{one.video_id}.mp4" for one in made], questions())
        videos, labels = [str(path) for path in work.videos], [q.label for q in work.queries]
        described = {"name": NAME, "classes": labels, "queries": "demo", "profile": PROFILE}
        described |= {"videos": {"files": videos}, "annotations": str(truth)}
        described |= {"localization": {"fps": 1, "top_k": TOP, "filter_text": "description"}}
        (home / f"datasets/{NAME}.yaml").write_text(yaml.safe_dump(described))
        script = {"videos": videos, "annotations": str(truth), "profile": PROFILE, "top": TOP}
        script |= {"queries": [asdict(query) for query in work.queries]}
        (home / "work.json").write_text(json.dumps(script))
        return work

    def ours(self) -> tuple[float, float]:
        """Return CPU seconds and average mAP of a run of the graph."""
        said = self.home / "found.json"
        took, _ = run([str(ZS_DAGSTER), "run", NAME, "--json", str(said)], self.home)
        rows = json.loads(said.read_text(encoding="utf-8"))["metrics"]
        (average,) = (row["value"] for row in rows if is_average(row))
        return took, float(average)

    def script(self) -> dict[str, Any]:
        """Return what the script says: metric, CPU seconds, those of the forward passes."""
        _, said = run([sys.executable, str(REFERENCE), str(self.home / "work.json")], None)
        found: dict[str, Any] = json.loads(said.splitlines()[-1])
        return found


def is_average(row: Mapping[str, Any]) -> bool:
    """Say whether a row of the metrics is the mean over all classes and thresholds."""
    return bool(row["metric"] == "average_mAP" and row["split"] == "all")


def questions() -> list[ClassQuery]:
    """Read the questions of the classes of the demo from its bank."""
    bank = yaml.safe_load(BANK_PATH.read_text(encoding="utf-8"))
    labels = [action.label for action in classes("test")]
    return [ClassQuery(label=label, source="demo", **bank[label]) for label in labels]


def run(command: Sequence[str], home: Path | None) -> tuple[float, str]:
    """Return CPU seconds of a process and its children, and what it printed."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    env |= {"DAGSTER_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1"}
    env |= {"ZS_HOME": str(home)} if home else {}
    env.pop("DAGSTER_HOME", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def measure(quick: bool) -> list[Measured]:
    """Time cold runs of 1, 4 and 16 videos, a warm one, the script, and the limit.

    A quick run leaves 16 out, and the script does the first video only.
    """
    counts = QUICK if quick else COUNTS
    with tempfile.TemporaryDirectory() as name:
        folder, made = Path(name), scripts("test")[: max(counts)]
        draw_scripts(folder / "videos", made)
        works = {n: Work.write(folder / str(n), folder / "videos", made[:n]) for n in counts}
        cold = {n: work.ours() for n, work in works.items()}
        warm, part = works[max(counts)].ours(), works[1 if quick else max(counts)]
        said = part.script()
        decoding = cpu_seconds(lambda: [decode_all(path) for path in part.videos], 2)
    done = len(part.videos)
    averages = (cold[done][1], said["average_mAP"])
    if abs(averages[0] - averages[1]) > LARGEST_DIFFERENCE:
        raise SystemExit(f"ours and the script must agree, have average mAP {averages}")
    steps = sum(said["steps_cpu_s"].values()) - said["steps_cpu_s"]["loading"]
    reference = said["cpu_s"] + steps * (len(made) - done) / done
    floor = (said["forward_passes_cpu_s"] + decoding) / done
    details = {
        "difference_of_average_mAP": abs(averages[0] - averages[1]),
        "videos_of_the_script": done,
        "limit_decoding_cpu_s": decoding,
        "script": said,
    }
    grown = {n: took for n, (took, _) in cold.items()}
    rows = [
        row(f"{len(made)} of them, cold", (grown[len(made)], reference, floor * len(made))),
        row("cold, each further one", (per_video(cold), steps / done, floor)),
        row(f"{len(made)} of them, warm", (warm[0], reference, None)),
    ]
    rows = [replace(one, reference_is=f"{SCRIPT}, from {done} of them") for one in rows]
    return [replace(rows[0], growth=grown, details=details), *rows[1:]]


def per_video(cold: Mapping[int, tuple[float, float]]) -> float:
    """Return what one more video takes: the slope between the fewest and the most."""
    least, most = min(cold), max(cold)
    return (cold[most][0] - cold[least][0]) / (most - least)


def row(what: str, found: tuple[float, float, float | None]) -> Measured:
    """Put CPU seconds of ours, of the script and of the limit into the table."""
    ours, reference, limit = found
    return Measured(
        what=f"videos of 60 to 90 s to metrics: {what}",
        unit="CPU s",
        ours=ours,
        reference=reference,
        reference_is=SCRIPT,
        limit=limit,
        limit_is="decoding once and the forward passes alone" if limit else "",
    )


if __name__ == "__main__":
    main("end_to_end", __doc__ or "", measure)
