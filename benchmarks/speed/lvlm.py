"""Scoring modes of one LVLM against one call per frame, class and question.

Usage: python benchmarks/speed/lvlm.py [--quick] [--json FILE]. Random weights in real shapes.

The reference prepares the image anew for every call and computes one row of logits
(`logits_to_keep=1`), as a careful loop does; a plain forward computes all and is slower.
All modes score the same frames with the same model and must agree. On a CPU the clock is the
CPU time of the process and one thread computes; on a GPU it is the wall. Rounds go through all
modes in turn, and the least of each counts. FLOPs are counted by torch.utils.flop_counter; the
limit is the time they would take at the rate of a large matrix product on the same machine.
"""

import argparse
import json
import logging
import platform
import subprocess
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.modes import FAST_MODES, Mode
from zs_dagster.models.lvlm.prompts import Prompts
from zs_dagster.models.lvlm.scorer import TransformersScorer
from zs_dagster.models.lvlm.tokens import find_answer_tokens

TOKENIZER = Path(__file__).parents[2] / "zs_dagster/demo/weights/lvlm"
MOMENTS = (
    ("high jump", "the athlete plants the foot and leaves the ground in front of the bar"),
    ("high jump", "the athlete has fallen behind the bar and lies on the soft blue mat"),
    ("golf swing", "the person stands next to the ball before the club starts to move back"),
    ("golf swing", "the club has come to rest behind the shoulder after the ball has left"),
    ("diving", "the diver stands at the very end of the board with both arms stretched"),
    ("diving", "the diver has gone under the water and only some white splash is left"),
)
QUESTIONS = [
    f"This is a frame from a video of {name}. Is this the moment when {what}? "
    "Only answer yes or no."
    for name, what in MOMENTS
]
PARITY = 1e-4
ATTENTION = [
    torch.ops.aten._scaled_dot_product_flash_attention,
    torch.ops.aten._scaled_dot_product_efficient_attention,
    torch.ops.aten._scaled_dot_product_cudnn_attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu,
]
hf: Any = transformers


@dataclass(frozen=True)
class Shape:
    """Sizes of a model: decoder (width, MLP, layers, heads, key heads), then image encoder."""

    family: str
    decoder: tuple[int, int, int, int, int]
    encoder: tuple[int, int, int, int]
    image_size: int
    patch_size: int
    vocabulary: int


SMALL = {
    196: Shape("llava", (384, 2048, 4, 6, 2), (192, 768, 2, 3), 196, 14, 32_000),
    729: Shape("llava", (384, 2048, 4, 6, 2), (192, 768, 2, 3), 378, 14, 32_000),
}
LARGE = {
    "LLaVA-OneVision-7B": Shape(
        "onevision", (3584, 18_944, 28, 28, 4), (1152, 4304, 26, 16), 384, 14, 152_064
    ),
    "Pixtral-12B": Shape(
        "pixtral", (5120, 14_336, 40, 32, 8), (1024, 4096, 24, 16), 1024, 16, 131_072
    ),
}


def build(shape: Shape, device: str, dtype: torch.dtype) -> Backend:
    """Make a model of a shape, with a processor around the tokenizer of the demo."""
    tokenizer = hf.AutoTokenizer.from_pretrained(TOKENIZER)
    config, processor = {"onevision": onevision, "llava": llava, "pixtral": pixtral}[
        shape.family
    ](shape, tokenizer)
    processor.chat_template = (TOKENIZER / "chat_template.jinja").read_text(encoding="utf-8")
    torch.manual_seed(0)
    torch.set_default_dtype(dtype)
    with torch.device(device):
        model = hf.AutoModelForImageTextToText.from_config(config, dtype=dtype).eval()
    torch.set_default_dtype(torch.float32)
    answers = find_answer_tokens(tokenizer, "variants")
    return Backend(model, Prompts(processor, device=model.device), answers)


def text_options(shape: Shape) -> dict[str, Any]:
    """The decoder of a shape."""
    width, mlp, layers, heads, key_heads = shape.decoder
    return {
        "hidden_size": width,
        "intermediate_size": mlp,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": key_heads,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": 32_768,
    }


def vision_options(shape: Shape) -> dict[str, Any]:
    """The image encoder of a shape."""
    width, mlp, layers, heads = shape.encoder
    return {
        "hidden_size": width,
        "intermediate_size": mlp,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "image_size": shape.image_size,
        "patch_size": shape.patch_size,
    }


def llava(shape: Shape, tokenizer: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """One tile, so many tokens as patches; the decoder is Qwen2's, as LLaVA-OneVision's."""
    size = {"height": shape.image_size, "width": shape.image_size}
    processor = hf.LlavaProcessor(
        hf.SiglipImageProcessor(size=size),
        tokenizer,
        patch_size=shape.patch_size,
        vision_feature_select_strategy="full",
    )
    config = hf.LlavaConfig(
        vision_config={"model_type": "siglip_vision_model", **vision_options(shape)},
        text_config=hf.Qwen2Config(**text_options(shape)),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    return config, processor


def onevision(shape: Shape, tokenizer: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Base image and tiles; its own pinpoints, of which 384x384 takes the first."""
    size = {"height": shape.image_size, "width": shape.image_size}
    images = hf.LlavaOnevisionImageProcessor(size=size)
    processor = hf.LlavaOnevisionProcessor(
        images,
        tokenizer,
        hf.LlavaOnevisionVideoProcessor(size=size),
        num_image_tokens=(shape.image_size // shape.patch_size) ** 2,
        vision_feature_select_strategy="full",
    )
    vision = {
        "model_type": "siglip_vision_model",
        "vision_use_head": False,
        **vision_options(shape),
    }
    config = hf.LlavaOnevisionConfig(
        vision_config=vision,
        text_config=hf.Qwen2Config(**text_options(shape)),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=images.image_grid_pinpoints,
    )
    return config, processor


def pixtral(shape: Shape, tokenizer: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """One token per patch and row end; the tokenizer's free tokens stand for the marks."""
    processor = hf.PixtralProcessor(
        hf.PixtralImageProcessor(
            size={"longest_edge": shape.image_size}, patch_size=shape.patch_size
        ),
        tokenizer,
        patch_size=shape.patch_size,
        image_token=tokenizer.image_token,
        image_break_token=tokenizer.video_token,
        image_end_token=tokenizer.pad_token,
    )
    vision = {"model_type": "pixtral", "head_dim": 64, **vision_options(shape)}
    config = hf.LlavaConfig(
        vision_config=vision,
        text_config=hf.MistralConfig(**text_options(shape), head_dim=128, sliding_window=None),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    return config, processor


class Clock:
    """CPU seconds of this process, or seconds of the wall around a GPU."""

    def __init__(self, device: str) -> None:
        self.is_gpu = device == "cuda"
        self.unit = "s" if self.is_gpu else "cpu_s"

    def seconds(self, work: Callable[[], object]) -> float:
        """Time one call."""
        before = self._now()
        work()
        return self._now() - before

    def _now(self) -> float:
        if self.is_gpu:
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time()


def gemm_rate(clock: Clock, device: str, dtype: torch.dtype) -> float:
    """FLOP per second of a large matrix product, the best of a few."""
    size = 8192 if clock.is_gpu else 1024
    left, right = (torch.randn(size, size, dtype=dtype, device=device) for _ in range(2))
    product = torch.mm(left, right)
    took = [clock.seconds(lambda: torch.mm(left, right, out=product)) for _ in range(10)]
    return 2 * size**3 / min(took)


def flops(work: Callable[[], object]) -> int:
    """Count the floating point operations of one call."""
    with FlopCounterMode(display=False, custom_mapping=dict.fromkeys(ATTENTION, sdpa)) as count:
        work()
    return int(count.get_total_flops())


def sdpa(query: Any, key: Any, value: Any, *_: object, **__: object) -> int:  # noqa: ANN401
    """Count attention from its shapes; torch 2.11 refuses key heads that are shared."""
    batch, heads, rows, size = query
    return int(2 * batch * heads * rows * key[2] * (size + value[3]))


@dataclass(frozen=True)
class Run:
    """What was timed: how many frames, questions and rounds, and frames of the reference."""

    frames: int
    questions: int
    rounds: int
    reference_frames: int


def measure(title: str, backend: Backend, run: Run) -> dict[str, Any]:
    """Time all modes on the same frames, in turn, and check that they agree."""
    model = backend.model
    device, dtype = model.device.type, model.dtype
    clock, questions = Clock(device), QUESTIONS[: run.questions]
    frames = np.random.default_rng(0).integers(
        0, 256, (run.frames, 384, 384, 3), dtype=np.uint8
    )
    few = frames[: run.reference_frames]
    modes: tuple[Mode, ...] = ("naive", *FAST_MODES)
    scorers = {m: TransformersScorer(backend, "benchmark", mode=m) for m in modes}
    shown = {m: few if m == "naive" else frames for m in modes}
    works = {m: lambda m=m: scorers[m].score(shown[m], questions) for m in modes}
    scores = {mode: work() for mode, work in works.items()}  # Warms up as well.
    agreed = agreement(backend, few, questions, {m: s[: len(few)] for m, s in scores.items()})
    ours = TransformersScorer(backend, "benchmark")
    ours.score(frames[:1], questions)
    took: dict[Mode, list[float]] = {mode: [] for mode in modes}
    rates = []
    for _ in range(run.rounds):
        rates.append(gemm_rate(clock, device, dtype))
        for mode, work in works.items():
            took[mode].append(clock.seconds(work) / len(shown[mode]))
    counts = {m: flops(lambda m=m: scorers[m].score(few, questions)) / len(few) for m in modes}
    least = {mode: min(values) for mode, values in took.items()}
    return {
        "case": title,
        "image_tokens": backend.image_tokens(384, 384, questions[0]),
        **agreed,
        **asdict(run),
        "batch_frames": scorers[ours.mode]._batch_size.frames(384, 384, tuple(questions)),
        "ours_mode": ours.mode,
        **ratios(clock.unit, ours.mode, least, counts, max(rates)),
        "frames_per_s": round(1 / least[ours.mode], 3),
    }


def agreement(
    backend: Backend, frames: np.ndarray, questions: list[str], scores: dict[Mode, np.ndarray]
) -> dict[str, Any]:
    """Say how far modes are apart; in half precision, how far each is from float32.

    Half precision moves the reference as well: a mode may err up to twice as much as that.
    """
    apart = max(float(np.abs(found - scores["naive"]).max()) for found in scores.values())
    said: dict[str, Any] = {"largest_difference_of_p_yes": apart}
    if backend.model.dtype == torch.float32:
        if apart > PARITY:
            raise SystemExit(f"modes must agree, differ by {apart:.1e}")
        return said
    full = Backend(deepcopy(backend.model).float(), backend.prompts, backend.answers)
    exact = TransformersScorer(full, "benchmark", mode="naive").score(frames, questions)
    errors = {m: float(np.sqrt(((s - exact) ** 2).mean())) for m, s in scores.items()}
    if max(errors.values()) > 2 * errors["naive"]:
        raise SystemExit(f"modes must be as exact as the reference, have errors {errors}")
    return {**said, "rms_error_of_p_yes_to_float32": errors}


def ratios(
    unit: str, ours: Mode, least: dict[Mode, float], counts: dict[Mode, float], rate: float
) -> dict[str, Any]:
    """Put times and FLOPs of a frame and the limit into relation; ours is what is chosen."""
    limit = counts[ours] / rate
    fast = {
        mode: {
            f"least_{unit}_per_frame": round(least[mode], 5),
            "speedup_over_reference": round(least["naive"] / least[mode], 2),
            "flop_model_speedup": round(counts["naive"] / counts[mode], 2),
            "gflop_per_frame": round(counts[mode] / 1e9, 2),
            "share_of_gemm_rate": round(counts[mode] / least[mode] / rate, 2),
        }
        for mode in least
    }
    return {
        f"ours_{unit}_per_frame": round(least[ours], 5),
        f"reference_{unit}_per_frame": round(least["naive"], 5),
        f"limit_{unit}_per_frame": round(limit, 5),
        "ratio_to_reference": round(least[ours] / least["naive"], 3),
        "ratio_to_limit": round(least[ours] / limit, 3),
        "gemm_gflop_per_s": round(rate / 1e9, 1),
        "modes": fast,
    }


def cases(*, quick: bool) -> list[dict[str, Any]]:
    """Small models on a CPU; the real sizes where there is a GPU."""
    if torch.cuda.is_available():
        return [case for title in LARGE for case in on_gpu(title, quick=quick)]
    torch.set_num_threads(1)
    rounds, frames = (3, 1) if quick else (5, 2)
    backends = {tokens: build(shape, "cpu", torch.float32) for tokens, shape in SMALL.items()}
    return [
        measure(
            f"{tokens} image tokens, {asked} questions",
            backend,
            Run(frames, asked, rounds, frames),
        )
        for tokens, backend in backends.items()
        for asked in (2, 6)
    ]


def on_gpu(title: str, *, quick: bool) -> list[dict[str, Any]]:
    """Time one of the large models in bfloat16, and give its memory back."""
    backend = build(LARGE[title], "cuda", torch.bfloat16)
    frames, rounds = (24, 1) if quick else (64, 2)
    try:
        return [measure(title, backend, Run(frames, asked, rounds, 2)) for asked in (2, 6)]
    finally:
        del backend
        torch.cuda.empty_cache()


def commit() -> str:
    """The commit of the code, or where it cannot be told."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one frame, three rounds")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    logging.disable()  # Random weights say neither yes nor no.
    measured = cases(quick=arguments.quick)
    hardest = {key: value for key, value in measured[-1].items() if key != "modes"}
    result = {
        "name": "lvlm",
        **hardest,
        "commit": commit(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "cases": measured,
    }
    print(json.dumps(result, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
