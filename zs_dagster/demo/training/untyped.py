"""Names for objects of torch libraries whose own types say too little to check against."""

from typing import Any, TypeAlias

LlavaModel: TypeAlias = Any
"""A LLaVA-OneVision of transformers."""

SiglipTower: TypeAlias = Any
"""A SigLIP vision model of transformers, patches only."""

Processor: TypeAlias = Any
"""Image processor, tokenizer and chat template of the LVLM."""

Tokenizer: TypeAlias = Any

ClipModel: TypeAlias = Any
"""A CLIP of open_clip."""

Attention: TypeAlias = Any
"""A function that the attention layers of transformers call."""
