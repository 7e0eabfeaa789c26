"""ZAR on ViT-B/32 at its full size: a cold clip as long as those of HMDB51.

The same code and reference as `zar`, where the network is small and prompts weigh more than
they do here. Random weights, one thread, 224 pixels, one clip: the first pass of the prompts,
which all clips of a dataset share, is counted in full.

No part of `make bench`: it takes minutes.
Usage: python benchmarks/speed/zar_full.py [--json FILE].
"""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measured
import numpy as np
import open_clip
import torch
from measured import Measured, cpu_s
from zar import COLD, PARITY, REFERENCE, bounds
from zar_clips import Clips, shapes

from zs_dagster.models import clip
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.store import Store

MODEL = "ViT-B-32"


def network(_model: str, _pretrained: str | None, _device: str) -> tuple[Any, None, Any]:
    """Build the network with random weights instead of loading one."""
    torch.manual_seed(0)
    built = open_clip.create_model(MODEL).eval().requires_grad_(False)
    return built, None, open_clip.get_tokenizer(MODEL)


def measure(_quick: bool) -> Sequence[Measured]:
    """Time a clip of which nothing is known, and the reference on it."""
    logging.disable()
    torch.set_num_threads(1)
    clip.load_open_clip = network
    clips = Clips(OpenClipEncoder(MODEL, device="cpu"), shapes()[0], 1)
    clips.encoder.encode_frames(clips.rgb[:1])  # What torch does once is no part of it.
    found: list[np.ndarray] = []
    with tempfile.TemporaryDirectory() as folder:
        ours = cpu_s(lambda: found.extend(clips.run(Store(Path(folder)), 1)), 1)
    reference = cpu_s(lambda: found.extend(clips.again(1)), 1)
    np.testing.assert_allclose(*found, atol=PARITY)
    return [
        Measured(
            f"ZAR on {MODEL}, cold: a clip of HMDB51, {len(clips.shape.names)} classes",
            "CPU s",
            ours,
            reference=reference,
            reference_is=REFERENCE,
            goal=f"{COLD} times the reference",
            reached=ours <= reference / COLD,
            details=bounds(clips),
        )
    ]


if __name__ == "__main__":
    measured.main("zar_full", __doc__ or "", measure)
