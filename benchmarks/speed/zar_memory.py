"""ZAR on a text tower of the size of ViT-B/16's: memory and CPU of adapting to one video.

Weights are random: neither memory nor speed depends on them. Memory is the peak of a process
that does nothing else; its limit is what imports and weights take. The reference of the forward
pass encodes whole prompts of 77 tokens; the limit of adapting is two forward passes over all
classes and a backward one, which costs as much where weights are frozen.

Usage: python benchmarks/speed/zar_memory.py [--quick] [--json FILE].
"""

import json
import resource
import subprocess
import sys

import numpy as np
import open_clip
import torch
from measured import Measured, cpu_s, main
from torch import Tensor

from zs_dagster.models.prompt_tuning.context import build_prompts
from zs_dagster.models.prompt_tuning.parameters import ZarParameters
from zs_dagster.models.prompt_tuning.text_tower import TextTower
from zs_dagster.models.prompt_tuning.tuner import PromptTuner

CLASSES, QUICK = 600, 100
PART = 25
"""Classes whose whole prompts are encoded."""
LARGEST_MB = 4096


def adapt(count: int) -> dict[str, float]:
    """Adapt once, in this process, and say what it took."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    # The text tower has its default size, that of ViT-B/16; images are not encoded here.
    network = open_clip.CLIP(512, {"layers": 1, "width": 64}, {}).eval().requires_grad_(False)
    tokenize, names = open_clip.get_tokenizer("ViT-B-16"), class_names(count)
    loaded = peak_mb()
    tuner = PromptTuner(network, tokenize, names, ZarParameters())
    frames = np.random.default_rng(0).normal(size=(49, 16, 512)).astype(np.float32)
    tune = cpu_s(lambda: tuner.tune(frames[:-1], frames[-1]), 1)
    again = cpu_s(lambda: tuner.tune(frames[:-1], frames[-1]), 1)
    peak, tower = peak_mb(), TextTower(network)
    cut = build_prompts(tower, tokenize, names, "a video of a", ".").ids
    whole = tokenize([f"a video of a {name}." for name in names[:PART]])
    return {
        "loaded_mb": loaded,
        "peak_mb": peak,
        "first_video_cpu_s": tune,
        "next_video_cpu_s": again,
        "forward_cpu_s": cpu_s(lambda: encode(tower, cut), 1),
        "part_cut_cpu_s": cpu_s(lambda: encode(tower, cut[:PART]), 2),
        "part_whole_cpu_s": cpu_s(lambda: encode(tower, whole), 2),
        "tokens_cut": cut.shape[1],
        "tokens_whole": whole.shape[1],
    }


def peak_mb() -> float:
    """Most memory this process has held, megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def encode(tower: TextTower, ids: Tensor) -> None:
    """Encode without a graph, in parts."""
    with torch.no_grad():
        for part in torch.split(ids, 4 * PART):
            tower.encode(tower.embed(part), part)


def class_names(count: int) -> list[str]:
    """Names of one to five words, so that prompts have up to 16 tokens."""
    words = ["riding", "a", "small", "horse", "down", "hill", "quickly", "and", "home", "again"]
    return [" ".join((words * 2)[i % 10 : i % 10 + 1 + i % 9]) for i in range(count)]


def measure(quick: bool) -> list[Measured]:
    """Adapt in a child, and put what it found into the table."""
    count = QUICK if quick else CLASSES
    command = [sys.executable, __file__, str(count)]
    child = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(child.stdout)
    return [
        Measured(
            what=f"ZAR, peak memory of adapting to a video, {count} classes",
            unit="MB",
            ours=found["peak_mb"],
            limit=found["loaded_mb"],
            limit_is="imports and weights",
            goal=f"at most {LARGEST_MB} MB",
            reached=found["peak_mb"] <= LARGEST_MB,
        ),
        Measured(
            what=f"ZAR, adapting to a video after the first, {count} classes",
            unit="CPU s",
            ours=found["next_video_cpu_s"],
            reference=found["first_video_cpu_s"],
            reference_is="the first one, with a pass from the initial prompt",
            limit=2 * found["forward_cpu_s"],
            limit_is="a forward and a backward pass",
            details=found,
        ),
        Measured(
            what=f"ZAR, one forward pass of prompts, {PART} classes",
            unit="CPU s",
            ours=found["part_cut_cpu_s"],
            reference=found["part_whole_cpu_s"],
            reference_is=f"of {found['tokens_whole']} tokens, not {found['tokens_cut']}",
        ),
    ]


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].isdigit():
        print(json.dumps(adapt(int(sys.argv[1]))))
    else:
        main("zar_memory", __doc__ or "", measure)
