"""CLIP features against PIL frame by frame, against matrix products, and beside decoding.

Usage: python benchmarks/speed/clip_features.py [--quick] [--json FILE]. Random weights.

The reference prepares each frame with open_clip's own transform on a PIL picture, stacks them
and encodes the batch: what the model's page tells users to write. On a CPU the clock is the CPU
time of the process, one thread computes, and the model is ViT-B/16; on a GPU it is the wall,
and the models are ViT-L/14 and EVA02-E-14-plus in float16. The limit of the encoder is its
FLOPs at the rate of matrix products of its own shapes, measured in the same run.
"""

import argparse
import json
import logging
import os
import platform
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from lvlm import Clock, commit, gemm_rate
from PIL import Image

from zs_dagster.models import clip
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.clip_cost import clip_cost
from zs_dagster.models.crops import EVAL
from zs_dagster.models.lvlm.ahead import one_ahead

SIZE = (720, 1280)
GPU_MODELS = {"ViT-L-14": 256, "EVA02-E-14-plus": 128}
"""Architecture -> frames per forward."""
CPU_MODELS = {"ViT-B-16": 8}


def random_network(model: str, _pretrained: str | None, device: str) -> tuple[Any, Any, Any]:
    """Build an architecture where it is to run, instead of loading it."""
    torch.manual_seed(0)
    with torch.device(device):
        network, _, transform = open_clip.create_model_and_transforms(model, device=device)
    return network.eval(), transform, open_clip.get_tokenizer(model)


def random_encoder(model: str, batch: int, device: str, dtype: str) -> OpenClipEncoder:
    """Give the encoder of the package an architecture with random weights."""
    clip.load_open_clip = random_network
    return OpenClipEncoder(model, device=device, batch=batch, dtype=dtype)


def frames(count: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Draw 16 smooth pictures with edges, as videos have them, again and again."""
    small = np.random.default_rng(0).integers(
        0, 256, (16, size[0] // 16, size[1] // 16, 3), dtype=np.uint8
    )
    scaled = [np.asarray(Image.fromarray(one).resize(size[::-1])) for one in small]
    return np.stack([scaled[number % len(scaled)] for number in range(count)])


def by_pil(transform: Callable[[Any], torch.Tensor], pictures: np.ndarray) -> torch.Tensor:
    """Prepare frame by frame, as the reference does."""
    return torch.stack([transform(Image.fromarray(picture)) for picture in pictures])


def encode(encoder: OpenClipEncoder, images: torch.Tensor) -> np.ndarray:
    """Encode prepared images in one forward."""
    tower = next(encoder.network.visual.parameters())
    with torch.inference_mode():
        features = encoder.network.encode_image(images.to(tower.device, tower.dtype))
        return features.float().cpu().numpy()


def least(clock: Clock, work: Callable[[], object], rounds: int) -> float:
    """Time a call after a first one that warms up; the least of a few."""
    work()
    return min(clock.seconds(work) for _ in range(rounds))


def shapes_rate(encoder: OpenClipEncoder, batch: int, clock: Clock) -> float:
    """FLOP per second of the linear layers of the image tower, each at its own shape."""
    tower, tokens = encoder.network.visual, batch * tokens_of(encoder)
    layers = Counter(
        (layer.in_features, layer.out_features)
        for layer in tower.modules()
        if isinstance(layer, torch.nn.Linear)
    )
    like, flops, took = next(tower.parameters()), 0, 0.0
    for (inner, outer), count in layers.items():
        rows = torch.randn(tokens, inner, dtype=like.dtype, device=like.device)
        columns = torch.randn(outer, inner, dtype=like.dtype, device=like.device)
        work = partial(torch.nn.functional.linear, rows, columns)
        flops += count * 2 * tokens * inner * outer
        took += count * least(clock, work, 5)
    return flops / took


def tokens_of(encoder: OpenClipEncoder) -> int:
    """Patches and class token of one picture."""
    modules = encoder.network.visual.modules()
    patches = next(m for m in modules if isinstance(m, torch.nn.Conv2d))
    return int((encoder._pixels.side // patches.kernel_size[0]) ** 2 + 1)


def agreement(encoder: OpenClipEncoder, transform: Any, device: str) -> dict[str, float]:  # noqa: ANN401
    """How far our pixels, and the features of them, are from those of PIL."""
    levels, cosines = [], []
    for size in ((720, 1280), (360, 640), (240, 320), (1080, 1920), (97, 61)):
        pictures = frames(4, size) if min(size) > 100 else noise(4, size)
        ours = encoder._pixels.prepare(pictures, EVAL, device).cpu()
        reference = by_pil(transform, pictures)
        std = torch.tensor(encoder._pixels.std).view(3, 1, 1)
        levels.append(((ours - reference) * std * 255).abs())
        one, other = encode(encoder, ours), encode(encoder, reference)
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        cosines.append(float(((one * other).sum(1) / lengths).min()))
    return {
        "largest_difference_levels": round(max(float(part.max()) for part in levels), 2),
        "share_of_values_that_differ": round(
            statistics.mean(float((part > 0.5).float().mean()) for part in levels), 5
        ),
        "least_cosine_of_features": min(cosines),
    }


def noise(count: int, size: tuple[int, int]) -> np.ndarray:
    """Draw pictures of noise, the hardest to scale alike."""
    return np.random.default_rng(1).integers(0, 256, (count, *size, 3), dtype=np.uint8)


def measure(model: str, batch: int, device: str, *, rounds: int) -> dict[str, Any]:
    """Time preparing and encoding, apart and together, on frames of 1280x720."""
    dtype = "float16" if device == "cuda" else "float32"
    encoder, clock = random_encoder(model, batch, device, dtype), Clock(device)
    transform = open_clip.image_transform(
        encoder._pixels.side,
        is_train=False,
        mean=encoder._pixels.mean,
        std=encoder._pixels.std,
        resize_mode=encoder._pixels.scaling,
        interpolation=encoder._pixels.interpolation,
    )
    total = 8 * batch if device == "cuda" else batch
    pictures = frames(total)
    few = pictures[: min(total, 32)]
    tower = next(encoder.network.visual.parameters())
    large = gemm_rate(clock, device, tower.dtype)
    prepared = encoder._pixels.prepare(pictures[:batch], EVAL, device)
    own = shapes_rate(encoder, batch, clock)
    flops = clip_cost(model).frame
    parts = {
        "prepare": least(
            clock, lambda: encoder._pixels.prepare(pictures[:batch], EVAL, device), rounds
        )
        / batch,
        "prepare_by_pil": least(clock, lambda: by_pil(transform, few), 2) / len(few),
        "encode": least(clock, lambda: encode(encoder, prepared), rounds) / batch,
        "ours": least(clock, lambda: encoder.encode_frames(pictures), rounds) / total,
        "reference": least(clock, lambda: encode(encoder, by_pil(transform, few)), 1)
        / len(few),
    }
    large = max(large, gemm_rate(clock, device, tower.dtype))
    limit = flops / own
    return {
        "case": model,
        "dtype": dtype,
        "frames": total,
        "frame_size": "1280x720",
        "batch": batch,
        "gflop_per_frame": round(flops / 1e9, 2),
        "gemm_gflop_per_s": round(large / 1e9, 1),
        "gemm_gflop_per_s_at_own_shapes": round(own / 1e9, 1),
        **{f"{k}_{clock.unit}_per_frame": round(v, 7) for k, v in parts.items()},
        f"limit_{clock.unit}_per_frame": round(limit, 7),
        "speedup_outside_the_encoder": round(parts["prepare_by_pil"] / parts["prepare"], 2),
        "encoder_share_of_gemm_at_own_shapes": round(limit / parts["encode"], 3),
        "encoder_share_of_large_gemm": round(flops / large / parts["encode"], 3),
        "share_of_large_gemm_with_preparation": round(flops / large / parts["ours"], 3),
        "ratio_to_reference": round(parts["ours"] / parts["reference"], 3),
        "ratio_to_limit": round(parts["ours"] / limit, 3),
        "frames_per_s": round(1 / parts["ours"], 1),
        "against_pil": agreement(encoder, transform, device),
    }


def growth(clock: Clock, model: str, device: str, first: int) -> dict[str, float]:
    """Fit ``time ~ frames ** exponent`` at 1, 4 and 16 times the frames, all of encoding."""
    encoder = random_encoder(model, 64, device, "float32")
    counts = [first, 4 * first, 16 * first]
    pictures = frames(counts[-1], (360, 640))
    took = [
        least(clock, lambda n=count: encoder.encode_frames(pictures[:n]), 3) for count in counts
    ]
    slope = float(np.polyfit(np.log(counts), np.log(took), 1)[0])
    return {"frames": counts[-1], "exponent": round(slope, 3)}


def overlap(device: str, seconds: int) -> dict[str, float]:
    """Wall of decoding, of encoding and of both at once, over a file of 1280x720."""
    from zs_dagster.video.decoders import Decoders, Sampling

    encoder = random_encoder("ViT-B-32", 64, device, "float32")
    with tempfile.TemporaryDirectory() as folder, Decoders(2) as pool:
        wanted = Sampling(write(Path(folder) / "a.mp4", seconds), 2.0)
        kept = [chunk.rgb for chunk in pool.sampled_frames(wanted)]
        encoder.encode_frames(kept[0])

        def decode() -> None:
            for _ in pool.sampled_frames(wanted):
                pass

        def encode_all() -> None:
            for rgb in kept:
                encoder.encode_frames(rgb)

        def both() -> None:
            with closing(one_ahead(pool.sampled_frames(wanted))) as chunks:
                for chunk in chunks:
                    encoder.encode_frames(chunk.rgb)

        took = {work.__name__: wall(work) for work in (decode, encode_all, both)}
    longer = max(took["decode"], took["encode_all"])
    return {
        **{f"{name}_s": round(value, 3) for name, value in took.items()},
        "both_over_the_longer": round(took["both"] / longer, 2),
        "both_over_the_sum": round(took["both"] / (took["decode"] + took["encode_all"]), 2),
    }


def write(path: Path, seconds: int) -> Path:
    """Make an H.264 file of 1280x720, 25 frames per second, that moves."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        picture = frames(1)[0]
        for number in range(25 * seconds):
            shown = np.roll(picture, 4 * number, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def wall(work: Callable[[], None]) -> float:
    """Seconds of the wall, the least of three."""
    found = []
    for _ in range(3):
        before = time.perf_counter()
        work()
        found.append(time.perf_counter() - before)
    return min(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, shorter video")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    logging.disable()  # open_clip warns that the weights are random.
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)
    rounds = 2 if arguments.quick else 5
    models = GPU_MODELS if device == "cuda" else CPU_MODELS
    cases = [measure(model, batch, device, rounds=rounds) for model, batch in models.items()]
    result = {
        "name": "clip_features",
        **cases[0],
        "growth": growth(Clock(device), "ViT-B-32", device, 4 if arguments.quick else 8),
        "overlap": overlap(device, 30 if arguments.quick else 90)
        if find_spec("av")
        else "not measured: no PyAV",
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "commit": commit(),
        "machine": {"cpus": os.cpu_count(), "device": device_name()},
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "open_clip": open_clip.__version__,
        },
        "cases": cases,
    }
    print(json.dumps(result, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def device_name() -> str:
    """Name the card, or say that there is none."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


if __name__ == "__main__":
    main()
