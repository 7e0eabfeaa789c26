"""Stage two: a CLIP in the open_clip format, its image tower starting from stage one."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from zs_dagster.demo.training.captions import Caption, caption, is_true
from zs_dagster.demo.training.loop import Descent, Team
from zs_dagster.demo.training.patches import PATCH_SIZE, PatchHead, patch_targets
from zs_dagster.demo.training.scenes import INPUT_SIZE, Scene, scenes
from zs_dagster.demo.training.untyped import ClipModel, Tokenizer
from zs_dagster.demo.training.vision import HEADS, LAYERS, WIDTH, pixels
from zs_dagster.demo.training.words import CLIP_LENGTH, CLIP_SPECIAL, clip_tokenizer
from zs_dagster.demo.world import Thing

BATCH = 192  # over all processes; each contrasts its own part
EMBEDDING = 64
MAX_SCALE = 50.0
TOWER_FACTOR = 0.15  # the tower knows its patches already
PATCH_WEIGHT = 0.5


def clip_config(vocabulary: int) -> dict[str, Any]:
    """Return `open_clip_config.json`; the preprocessing there is read from local folders."""
    vision = {
        "image_size": INPUT_SIZE,
        "layers": LAYERS,
        "width": WIDTH,
        "head_width": WIDTH // HEADS,
        "patch_size": PATCH_SIZE,
        "pool_type": "avg",
        "no_ln_pre": True,
    }
    text = {
        "context_length": CLIP_LENGTH,
        "vocab_size": vocabulary,
        "width": WIDTH,
        "heads": HEADS,
        "layers": 2,
        # Any name will do: a local folder always brings its own tokenizer.
        "hf_tokenizer_name": "local",
        "pool_type": "eos",
        "eos_id": CLIP_SPECIAL.index("<eos>"),
        "pad_id": CLIP_SPECIAL.index("<pad>"),
        "tokenizer_kwargs": {"clean": "lower"},
    }
    half = [0.5, 0.5, 0.5]
    preprocess = {
        "mean": half,
        "std": half,
        "interpolation": "bicubic",
        "resize_mode": "squash",
    }
    model = {"embed_dim": EMBEDDING, "vision_cfg": vision, "text_cfg": text}
    return {"model_cfg": model, "preprocess_cfg": preprocess}


def train_clip(
    team: Team, seed: int, steps: int, tower: nn.Module, head: PatchHead, folder: Path
) -> None:
    """Train a CLIP and save it into a folder that open_clip can load.

    Args:
        team: The processes; rank 0 saves.
        seed: Seeds data and weights.
        steps: Number of steps.
        tower: Tower of stage one; it is copied.
        head: Its head; it is trained on, so that the tower stays able to name patches.
        folder: Exists already for all processes.
    """
    rng = np.random.default_rng([seed, 2, team.rank])
    tokenizer = clip_tokenizer()
    if team.rank == 0:
        tokenizer.save_pretrained(folder)
        config = json.dumps(clip_config(len(tokenizer)), indent=1)
        (folder / "open_clip_config.json").write_text(config)
    torch.manual_seed(seed)
    model = _build(len(tokenizer)).to(team.device)
    _copy_tower(tower, model.visual)
    team.share(model)
    descent = Descent(team, "clip", steps, 1.2e-3, _groups(model, head))
    frames = scenes(rng)
    while descent.done < steps:
        batch = list(islice(frames, BATCH // team.size))
        _step(descent, rng, model, head, tokenizer, batch)
    if team.rank == 0:
        _save(model, folder / "open_clip_model.safetensors")


def _build(vocabulary: int) -> ClipModel:
    config = clip_config(vocabulary)["model_cfg"]
    model = open_clip.CLIP(
        embed_dim=config["embed_dim"],
        vision_cfg=open_clip.CLIPVisionCfg(**config["vision_cfg"]),
        text_cfg=open_clip.CLIPTextCfg(**config["text_cfg"]),
    )
    model.visual.output_tokens = True
    return model


def _groups(model: ClipModel, head: PatchHead) -> list[tuple[list[nn.Parameter], float]]:
    known = [p for p in model.visual.parameters() if p is not model.visual.proj]
    known_ids = {id(parameter) for parameter in known}
    new = [p for p in model.parameters() if id(p) not in known_ids]
    return [(new, 1.0), ([*known, *head.parameters()], TOWER_FACTOR)]


@torch.no_grad()
def _copy_tower(tower: nn.Module, visual: ClipModel) -> None:
    """Fold SigLIP weights into open_clip's layout, where the patches have no bias."""
    source = {name.removeprefix("vision_model."): t for name, t in tower.state_dict().items()}
    patch, place = "embeddings.patch_embedding", "embeddings.position_embedding.weight"
    visual.conv1.weight.copy_(source[f"{patch}.weight"])
    visual.positional_embedding[1:] = source[place] + source[f"{patch}.bias"]
    visual.positional_embedding[0] = 0
    for i, block in enumerate(visual.transformer.resblocks):
        for target, tensor in _block_weights(source, f"encoder.layers.{i}"):
            block.get_parameter(target).copy_(tensor)


def _block_weights(
    source: dict[str, torch.Tensor], layer: str
) -> Iterator[tuple[str, torch.Tensor]]:
    names = {
        "attn.out_proj": "self_attn.out_proj",
        "ln_1": "layer_norm1",
        "ln_2": "layer_norm2",
        "mlp.c_fc": "mlp.fc1",
        "mlp.c_proj": "mlp.fc2",
    }
    for kind in ("weight", "bias"):
        parts = [source[f"{layer}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
        yield f"attn.in_proj_{kind}", torch.cat(parts)
        for target, name in names.items():
            yield f"{target}.{kind}", source[f"{layer}.{name}.{kind}"]


def _step(
    descent: Descent,
    rng: np.random.Generator,
    model: ClipModel,
    head: PatchHead,
    tokenizer: Tokenizer,
    batch: list[Scene],
) -> None:
    device = descent.team.device
    captions = list(dict.fromkeys(caption(rng, scene.things) for scene in batch))
    tokens = _tokenize(tokenizer, captions).to(device)
    with descent.team.autocast():
        image, patches = model.visual(pixels([scene.image for scene in batch], device))
        text = model.encode_text(tokens)
    image, text = (functional.normalize(x.float(), dim=-1) for x in (image, text))
    similarity = image @ text.T * model.logit_scale.exp().clamp(max=MAX_SCALE)
    truth = truth_matrix([scene.things for scene in batch], captions).to(device)
    contrast = 0.5 * (_contrast(similarity, truth) + _contrast(similarity.T, truth.T))
    named = head.loss(patches, patch_targets([scene.things for scene in batch], device))
    descent.step(contrast + PATCH_WEIGHT * named, contrast=contrast.item())


def truth_matrix(frames: list[list[Thing]], captions: list[Caption]) -> torch.Tensor:
    """Return ``(frames, captions)``: 1 where the caption is true of the frame, else 0."""
    rows = [[is_true(c.claims, things) for c in captions] for things in frames]
    return torch.tensor(rows, dtype=torch.float32)


def _contrast(similarity: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Softmax cross entropy of each row against all of its true columns."""
    share = truth / truth.sum(1, keepdim=True).clamp(min=1)
    return -(similarity.log_softmax(1) * share).sum(1).mean()


def _tokenize(tokenizer: Tokenizer, captions: list[Caption]) -> torch.Tensor:
    tokens: torch.Tensor = tokenizer(
        [c.text for c in captions],
        padding="max_length",
        truncation=True,
        max_length=CLIP_LENGTH,
        return_tensors="pt",
    ).input_ids
    return tokens


def _save(model: ClipModel, path: Path) -> None:
    half = {
        name: t.detach().half().cpu().contiguous() for name, t in model.state_dict().items()
    }
    save_file(half, path)
    path.chmod(0o644)
