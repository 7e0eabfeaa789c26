"""`python -m zs_dagster.demo.training --out DIR`: train both demo models, measure, document."""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch.multiprocessing.spawn import start_processes

from zs_dagster.demo.training.card import write_card
from zs_dagster.demo.training.evaluate import evaluate
from zs_dagster.demo.training.stages import STEPS, run


def main() -> None:
    """Read the command line, train and write models, numbers and card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for both models")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only-measure", action="store_true", help="keep the trained models")
    for stage, default in STEPS.items():
        parser.add_argument(f"--{stage}-steps", type=int, default=default)
    options = parser.parse_args()
    steps = {stage: int(getattr(options, f"{stage}_steps")) for stage in STEPS}
    record = options.out / "training.json"
    if not options.only_measure:
        record.write_text(json.dumps(train(options.out, options.seed, steps), indent=1))
    torch.set_num_threads(1)
    training = json.loads(record.read_text())
    write_card(options.out, {"training": training, "accuracy": evaluate(options.out)})


def train(out: Path, seed: int, steps: dict[str, int]) -> dict[str, Any]:
    """Train both models in two processes, or in one on a GPU, and return how it was done."""
    started = time.time()
    for name in ("clip", "lvlm"):
        (out / name).mkdir(parents=True, exist_ok=True)
    size = 1 if torch.cuda.is_available() else 2
    with tempfile.TemporaryDirectory() as folder:
        arguments = (size, f"file://{folder}/meeting", out, seed, steps)
        start_processes(run, arguments, nprocs=size)  # type: ignore[no-untyped-call] # torch's
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "command": "python -m zs_dagster.demo.training --out DIR",
        "seed": seed,
        "steps": steps,
        "wall_s": round(time.time() - started),
        "cpu_s": round(used.ru_utime + used.ru_stime),
        "device": "a GPU" if size == 1 else "2 CPU cores",
        "torch": torch.__version__,
    }


if __name__ == "__main__":
    main()
