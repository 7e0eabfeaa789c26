"""CLIP features against PIL frame by frame, against matrix products, and beside decoding.

Random weights. The reference prepares each frame with open_clip's own transform on a PIL
picture, stacks them and encodes the batch: what the model's page tells users to write. On a CPU
the clock is the CPU time of the process, one thread computes, and the model is ViT-B/16; on a
GPU it is the wall, and the models are ViT-L/14 and EVA02-E-14-plus in float16. The limit of the
encoder is its FLOPs at the rate of matrix products of its own shapes, measured in the same run.

Usage: python benchmarks/speed/clip_features.py [--quick] [--json FILE].
"""

import logging
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
from clock import Clock, gemm_rate, least
from measured import Measured, exponent, main
from PIL import Image

from zs_dagster.models import clip
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.clip_cost import clip_cost
from zs_dagster.models.crops import EVAL
from zs_dagster.models.lvlm.ahead import one_ahead

SIZE = (720, 1280)
GPU_MODELS = {"ViT-L-14": 256, "EVA02-E-14-plus": 128}
"""Architecture -> frames per forward."""
CPU_MODELS = {"ViT-B-16": 4}


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
        pictures = frames(2, size) if min(size) > 100 else noise(2, size)
        ours = pixels(encoder, pictures, device).cpu()
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


def pixels(encoder: OpenClipEncoder, frames: np.ndarray, device: str) -> torch.Tensor:
    """Prepare frames as the model reads them whole."""
    return next(encoder._pixels.prepare(frames, [EVAL], device))


def noise(count: int, size: tuple[int, int]) -> np.ndarray:
    """Draw pictures of noise, the hardest to scale alike."""
    return np.random.default_rng(1).integers(0, 256, (count, *size, 3), dtype=np.uint8)


def of_model(model: str, batch: int, device: str, rounds: int) -> list[Measured]:
    """Time preparing and encoding, apart and together, on frames of 1280x720."""
    is_gpu = device == "cuda"
    encoder = random_encoder(model, batch, device, "float16" if is_gpu else "float32")
    clock, pictures = Clock(device), frames(8 * batch if is_gpu else batch)
    part, few, transform = pictures[:batch], pictures[:32], transform_of(encoder)
    dtype = next(encoder.network.visual.parameters()).dtype
    prepared = pixels(encoder, part, device)
    flops = clip_cost(model).frame
    limit = flops / shapes_rate(encoder, batch, clock)
    prepare = least(clock, lambda: pixels(encoder, part, device), rounds) / batch
    by = least(clock, lambda: by_pil(transform, few), 2) / len(few)
    encoding = least(clock, lambda: encode(encoder, prepared), rounds) / batch
    ours = least(clock, lambda: encoder.encode_frames(pictures), rounds) / len(pictures)
    reference = least(clock, lambda: encode(encoder, by_pil(transform, few)), 1) / len(few)
    unit = f"{'wall' if is_gpu else 'CPU'} s a frame"
    share = 0.5 if is_gpu else 0.7
    return [
        Measured(
            what="preparing frames of 1280x720 for CLIP",
            unit=unit,
            ours=prepare,
            reference=by,
            reference_is="PIL, one by one",
            goal="2 times PIL",
            reached=prepare <= by / 2,
            details=agreement(encoder, transform, device),
        ),
        Measured(
            what=f"image tower of {model}, batch {batch}",
            unit=unit,
            ours=encoding,
            limit=limit,
            limit_is="its FLOPs at the rate of products of its shapes",
            goal=f"{share:.0%} of that rate",
            reached=limit >= share * encoding,
            details={
                "gflop_per_frame": flops / 1e9,
                "gflop_per_s_of_its_shapes": flops / limit / 1e9,
                "gflop_per_s_of_a_large_product": gemm_rate(clock, device, dtype) / 1e9,
            },
        ),
        Measured(
            what=f"both, {len(pictures)} frames",
            unit=unit,
            ours=ours,
            reference=reference,
            reference_is=f"PIL and batches of {len(few)}",
            limit=limit,
            limit_is="the image tower at that rate",
        ),
    ]


def transform_of(encoder: OpenClipEncoder) -> Callable[[Any], torch.Tensor]:
    """Return open_clip's own preparation of a PIL picture."""
    wanted = encoder._pixels
    transform: Callable[[Any], torch.Tensor] = open_clip.image_transform(
        wanted.side,
        is_train=False,
        mean=wanted.mean,
        std=wanted.std,
        resize_mode=wanted.scaling,
        interpolation=wanted.interpolation,
    )
    return transform


def growth(device: str, first: int) -> Measured:
    """Time all of encoding at 1, 4 and 16 times the frames, with a fast model."""
    encoder, clock = random_encoder("ViT-B-32", 64, device, "float32"), Clock(device)
    pictures = frames(16 * first, (360, 640))
    encoder.encode_frames(pictures[:first])
    took = {
        times: clock.seconds(lambda n=times: encoder.encode_frames(pictures[: n * first]))
        for times in (1, 4, 16)
    }
    return Measured(
        what=f"ViT-B-32, {len(pictures)} frames of 640x360",
        unit="wall s" if clock.is_gpu else "CPU s",
        ours=took[16],
        goal="exponent at most 1.15",
        reached=exponent(took) <= 1.15,
        growth=took,
    )


def overlap(device: str, seconds: int) -> Measured:
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
    return Measured(
        what=f"decoding and encoding at once, ViT-B-32, {seconds} s of 1280x720 at 2 fps",
        unit="wall s",
        ours=took["both"],
        reference=took["decode"] + took["encode_all"],
        reference_is="one after the other",
        limit=max(took["decode"], took["encode_all"]),
        limit_is="the longer of the two",
        goal="less than one after the other",
        reached=took["both"] < took["decode"] + took["encode_all"],
        details=took,
    )


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
    """Seconds of the wall, the least of two."""
    found = []
    for _ in range(2):
        before = time.perf_counter()
        work()
        found.append(time.perf_counter() - before)
    return min(found)


def measure(quick: bool) -> list[Measured]:
    """ViT-B/16 on a CPU; the large models where there is a GPU."""
    logging.disable()  # open_clip warns that the weights are random.
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)
    models = GPU_MODELS if device == "cuda" else CPU_MODELS
    rows = [
        row
        for model, batch in models.items()
        for row in of_model(model, batch, device, 2 if quick else 5)
    ]
    rows.append(growth(device, 2 if quick else 8))
    if find_spec("av"):
        rows.append(overlap(device, 12 if quick else 90))
    return rows


if __name__ == "__main__":
    main("clip_features", __doc__ or "", measure)
