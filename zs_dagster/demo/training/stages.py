"""The stages in their order, in one process of those that train together."""

from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed

from zs_dagster.demo.training.clip import train_clip
from zs_dagster.demo.training.loop import Team
from zs_dagster.demo.training.lvlm import train_lvlm
from zs_dagster.demo.training.vision import train_tower

STEPS = {"vision": 2700, "lvlm": 2400, "clip": 500}


def run(
    rank: int, size: int, meeting: str, out: Path, seed: int, steps: dict[str, int]
) -> None:
    """Train both models and save them into ``out/clip`` and ``out/lvlm``.

    Args:
        rank: Number of this process.
        size: Number of processes.
        meeting: File URL where the processes find each other.
        out: Folder with both subfolders.
        seed: Seeds everything.
        steps: Number of steps by stage.
    """
    # One thread each: with two processes on two cores, more would wait for one another.
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    if size > 1:
        distributed.init_process_group(
            "gloo", meeting, timedelta(hours=1), rank=rank, world_size=size
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    team = Team(rank, size, device)
    tower, head = train_tower(team, seed, steps["vision"])
    train_lvlm(team, seed, steps["lvlm"], tower, deepcopy(head), out / "lvlm")
    train_clip(team, seed, steps["clip"], tower, deepcopy(head), out / "clip")
    if size > 1:
        distributed.destroy_process_group()
