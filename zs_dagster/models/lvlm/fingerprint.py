"""A digest of everything that decides a score, and of nothing that only decides its speed."""

import json
from pathlib import Path

from zs_dagster.digests import digest, file_digest
from zs_dagster.models.lvlm.prompts import Prompts
from zs_dagster.models.lvlm.untyped import Json, Processor

STAGE_VERSION = "1"

_PROBE = "This is a frame from a video of high jump. Is it day? Only answer yes or no."
# Written anew by every library version or machine, without any effect on a score.
_VOLATILE = {"transformers_version", "_name_or_path", "_commit_hash", "dtype", "torch_dtype"}


def model_digest(folder: Path) -> str:
    """Digest the weights, the configuration and the tokenizer of a model folder.

    Reads every byte of the weights: about a second per GB.
    """
    parts = {path.name: file_digest(path) for path in sorted(folder.glob("*.safetensors"))}
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tokenizer = folder / "tokenizer.json"
    vocabulary = file_digest(tokenizer) if tokenizer.is_file() else ""
    return digest({"weights": parts, "config": _stable(config), "tokenizer": vocabulary})


def processing(processor: Processor, prompts: Prompts) -> dict[str, Json]:
    """Describe pixel preprocessing and the chat prompt of a probe question with its tokens."""
    text = prompts.render(_PROBE)
    return {
        "image_processor": _stable(json.loads(processor.image_processor.to_json_string())),
        "prompt": text,
        "prompt_ids": processor.tokenizer(text, add_special_tokens=False)["input_ids"],
    }


def _stable(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in value.items() if key not in _VOLATILE}
    return value
