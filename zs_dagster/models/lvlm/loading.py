"""`load_scorer`: a model folder or hub id to a ready scorer, or a sentence why not."""

from pathlib import Path
from typing import Any, Literal

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor
from transformers.utils import logging

from zs_dagster.errors import ModelError
from zs_dagster.models.devices import choose_device
from zs_dagster.models.lvlm.backend import Backend
from zs_dagster.models.lvlm.compiling import CompiledDecoder
from zs_dagster.models.lvlm.images import Image, read_frames_as
from zs_dagster.models.lvlm.modes import Mode
from zs_dagster.models.lvlm.prompts import Prompts
from zs_dagster.models.lvlm.scorer import TransformersScorer
from zs_dagster.models.lvlm.source import ModelSource, broken, find_source
from zs_dagster.models.lvlm.tokens import TokenPolicy, find_answer_tokens
from zs_dagster.models.lvlm.untyped import Model, Processor

Dtype = Literal["float32", "bfloat16", "float16"]

# Their annotations miss what the calls below return.
_PROCESSORS: Any = AutoProcessor
_MODELS: Any = AutoModelForImageTextToText

# One bar per model load would tear the progress display of whoever calls.
logging.disable_progress_bar()  # type: ignore[no-untyped-call] # transformers leaves it bare

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load_scorer(  # noqa: PLR0913 - one flat list of keywords, as a model profile spells them
    model: str | Path,
    *,
    revision: str | None = None,
    tokens: TokenPolicy = "variants",
    dtype: Dtype = "float32",
    device: str = "auto",
    image: Image = "full",
    batch_frames: int | None = None,
    compile: bool = False,
    mode: Mode | Literal["auto"] = "auto",
) -> TransformersScorer:
    """Load a language-vision model as yes/no scorer.

    Args:
        model: Folder with safetensors weights and processor, or id on the model hub.
        revision: Branch, tag or commit of a hub id; not for folders.
        tokens: Which tokens are the answers, see `find_answer_tokens`.
        dtype: Number type of the weights and of the computation.
        device: ``auto`` takes a GPU if there is one, else the CPU; or a torch device.
        image: How much of a frame the model reads, see `read_frames_as`.
        batch_frames: Frames per forward, >= 1; found from the free memory if not given.
        compile: Whether `torch.compile` is tried on the language model.
        mode: How to score; ``auto`` picks the fastest mode that reproduces ``naive``.

    Raises:
        ModelError: If the model is missing, broken or incomplete, has no answer tokens, or
            cannot read frames as ``image`` says.
        InputError: If ``batch_frames`` or ``mode`` is out of range.
    """
    if dtype not in _DTYPES:
        raise ModelError(f"dtype must be one of {list(_DTYPES)}, got {dtype!r}")
    source = find_source(model, revision)
    processor, network = _load(source, _DTYPES[dtype])
    medium = read_frames_as(image, processor, network)
    placed = _place(network, device)
    prompts = Prompts(processor, medium, placed.device)
    answers = find_answer_tokens(processor.tokenizer, tokens)
    backend = Backend(placed, prompts, answers, CompiledDecoder(placed) if compile else None)
    fingerprint = source.fingerprint(dtype, tokens, image)
    return TransformersScorer(backend, fingerprint, batch_frames=batch_frames, mode=mode)


def _load(source: ModelSource, dtype: torch.dtype) -> tuple[Processor, Model]:
    try:
        processor = _PROCESSORS.from_pretrained(source.name, revision=source.commit)
        network, report = _MODELS.from_pretrained(
            source.name,
            revision=source.commit,
            dtype=dtype,
            use_safetensors=True,
            output_loading_info=True,
        )
    # The libraries below raise almost any type for a broken file, bare Exception included.
    except Exception as error:
        raise broken(source.name, error) from error
    # Absent weights are filled in at random, and would score without any warning.
    absent = sorted(str(key) for key in report.get("missing_keys") or ())
    if absent:
        raise ModelError(
            f"cannot load model '{source.name}': the files lack {len(absent)} of its weights "
            f"(first '{absent[0]}'); download it again"
        )
    return processor, network.eval()


def _place(network: Model, device: str) -> Model:
    found = choose_device(device)
    try:
        return network.to(found)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"device must hold the model, got {found!r}: {error}; use another device or a "
            "smaller dtype"
        ) from error
