"""`python -m zs_dagster.demo.training --out DIR`: train both demo models, measure, document."""

import argparse
import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed, multiprocessing

from zs_dagster.demo.training.clip import train_clip
from zs_dagster.demo.training.loop import Team
from zs_dagster.demo.training.lvlm import train_lvlm
from zs_dagster.demo.training.vision import train_tower

STEPS = {"vision": 3500, "clip": 900, "lvlm": 2400}


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
    size = 1 if torch.cuda.is_available() else 2
    with tempfile.TemporaryDirectory() as folder:
        arguments = (size, f"file://{folder}/meeting", options)
        multiprocessing.start_processes(_work, arguments, nprocs=size, start_method="spawn")


def _work(rank: int, size: int, meeting: str, options: argparse.Namespace) -> None:
    """Train as one of several processes, one thread each: threads would wait for each other."""
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    if size > 1:
        distributed.init_process_group(
            "gloo", meeting, timedelta(hours=1), rank=rank, world_size=size
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    team = Team(rank, size, device)
    tower, head = train_tower(team, options.seed, options.vision_steps)
    shared = (team, options.seed)
    train_lvlm(*shared, options.lvlm_steps, tower, head, options.out / "lvlm")
    train_clip(*shared, options.clip_steps, tower, head, options.out / "clip")
    if size > 1:
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
