"""Names for objects of transformers, whose own types say too little to check against."""

from typing import Any, TypeAlias

Model: TypeAlias = Any
"""An image-text-to-text model with a base model `.model` and an output head."""

Processor: TypeAlias = Any
"""Image processor, tokenizer and chat template of one model."""

Tokenizer: TypeAlias = Any

Inputs: TypeAlias = Any
"""What a processor returns: a mapping of names to tensors."""

Cache: TypeAlias = Any

Json: TypeAlias = Any
