"""Memory and CPU of adapting to one video of 600 classes, on a text tower of ViT-B/16's size.

Usage: python benchmarks/speed/zar_memory.py [--classes 600] [--json FILE]. Weights are random:
neither memory nor speed depends on them. Memory is the peak of a process that does nothing
else. CPU times are ratios in one run: of `tune` to a forward pass over all classes without a
graph, and of that pass over whole prompts to that over cut ones.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import open_clip
import torch
from torch import Tensor

from zs_dagster.models.prompt_tuning.context import build_prompts
from zs_dagster.models.prompt_tuning.parameters import ZarParameters
from zs_dagster.models.prompt_tuning.text_tower import TextTower
from zs_dagster.models.prompt_tuning.tuner import PromptTuner

LIMIT_MB = 4096
PART = 100
CHILD = "--in-child"


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process, all threads."""
    before = time.process_time()
    work()
    return time.process_time() - before


def peak_mb() -> float:
    """Most memory this process has held, megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(count: int) -> dict[str, float]:
    """Adapt once, in this process."""
    torch.manual_seed(0)
    # The text tower has its default size, that of ViT-B/16; images are not encoded here.
    network = open_clip.CLIP(512, {"layers": 1, "width": 64}, {}).eval().requires_grad_(False)
    tokenize, names = open_clip.get_tokenizer("ViT-B-16"), class_names(count)
    loaded = peak_mb()
    tuner = PromptTuner(network, tokenize, names, ZarParameters())
    frames = np.random.default_rng(0).normal(size=(49, 16, 512)).astype(np.float32)
    tune = cpu_seconds(lambda: tuner.tune(frames[:-1], frames[-1]))
    peak = peak_mb()

    tower = TextTower(network)
    cut = build_prompts(tower, tokenize, names, "a video of a", ".").ids
    whole = tokenize([f"a video of a {name}." for name in names])
    forward = cpu_seconds(lambda: encode(tower, cut))
    short, full = (
        cpu_seconds(lambda ids=ids: encode(tower, ids[:PART])) for ids in (cut, whole)
    )
    return {
        "classes": count,
        "tokens_cut": cut.shape[1],
        "tokens_whole": whole.shape[1],
        "loaded_mb": round(loaded),
        "peak_mb": round(peak),
        "tune_to_forward": round(tune / forward, 2),
        "whole_to_cut_forward": round(full / short, 2),
        "tune_cpu_s": round(tune, 1),
    }


def encode(tower: TextTower, ids: Tensor) -> None:
    """Encode without a graph, in parts, as memory was measured before."""
    with torch.no_grad():
        for part in torch.split(ids, PART):
            tower.encode(tower.embed(part), part)


def class_names(count: int) -> list[str]:
    """Names of one to five words, so that prompts have up to 16 tokens."""
    words = ["riding", "a", "small", "horse", "down", "hill", "quickly", "and", "home", "again"]
    return [" ".join((words * 2)[i % 10 : i % 10 + 1 + i % 9]) for i in range(count)]


def main() -> None:
    """Measure in a child, print and keep what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classes", type=int, default=600)
    parser.add_argument("--json", type=Path)
    parser.add_argument(CHILD, action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.in_child:
        print(json.dumps(measure(arguments.classes)))
        return
    command = [sys.executable, __file__, CHILD, "--classes", str(arguments.classes)]
    child = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(child.stdout)
    result = {"name": "zar_memory", "limit_mb": LIMIT_MB} | found
    result["ratio_to_limit"] = round(found["peak_mb"] / LIMIT_MB, 2)
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result))


if __name__ == "__main__":
    main()
