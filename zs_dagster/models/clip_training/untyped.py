"""Names for objects of torch libraries whose own types say too little to check against."""

from typing import Any, TypeAlias

Network: TypeAlias = Any
"""A CLIP of open_clip."""

Tokenizer: TypeAlias = Any
"""A tokenizer of open_clip: a list of texts to token ids ``(N, L)``."""
