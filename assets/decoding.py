"""What stages that look at frames ask of the decoders, and what then names their results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zs_dagster.video.backends import DEFAULT_BACKEND
from zs_dagster.video.decoders import Sampling


def sampling(
    video: Mapping[str, Any], fps: float | None, picks: Sequence[int] | None = None
) -> Sampling:
    """Return the request for the frames of a row of `videos`, or for some of them."""
    chosen = None if picks is None else tuple(picks)
    return Sampling(Path(video["path"]), fps, video["content_hash"], video["backend"], chosen)


def decoded_from(video: Mapping[str, Any]) -> list[str]:
    """Return what decides the pixels: the bytes, and another backend than the default one.

    Two backends give the same frames, but not the same last bit of every colour.
    """
    other = [] if video["backend"] == DEFAULT_BACKEND else [video["backend"]]
    return [video["content_hash"], *other]
