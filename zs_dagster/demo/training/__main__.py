"""`python -m zs_dagster.demo.training --out DIR`: train both demo models from nothing."""

import argparse
import tempfile
from pathlib import Path

import torch
from torch import multiprocessing

from zs_dagster.demo.training.stages import STEPS, run


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for both models")
    parser.add_argument("--seed", type=int, default=0)
    for stage, steps in STEPS.items():
        parser.add_argument(f"--{stage}-steps", type=int, default=steps)
    options = parser.parse_args()
    for name in ("clip", "lvlm"):
        (options.out / name).mkdir(parents=True, exist_ok=True)
    steps = {stage: getattr(options, f"{stage}_steps") for stage in STEPS}
    size = 1 if torch.cuda.is_available() else 2
    with tempfile.TemporaryDirectory() as folder:
        arguments = (size, f"file://{folder}/meeting", options.out, options.seed, steps)
        multiprocessing.start_processes(run, arguments, nprocs=size, start_method="spawn")


if __name__ == "__main__":
    main()
