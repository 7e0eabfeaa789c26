"""How a joint space of videos and sentences is trained on the captions of a dataset."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from zs_dagster.datasets.strict import Strict


class Training(Strict):
    """Frames, sentences and parameters.

    ``text_encoder`` is ``clip``, the text tower of the profile, or ``sbert:MODEL``. With
    ``concepts``, a file of lines with name and gloss apart by a tab, each segment gets the
    ``objects`` concepts most similar to it, and of the sentences in their glosses the
    ``positives`` most similar to its caption as further positives.
    """

    fps: Annotated[float, Field(gt=0, le=60)] = 1.0
    text_encoder: Annotated[str, Field(pattern=r"^(clip|sbert:.+)$")] = "clip"
    concepts: Path | None = None
    objects: Annotated[int, Field(ge=1)] = 5
    positives: Annotated[int, Field(ge=0)] = 2
    preset: str = "default"
    parameters: dict[str, float | int | bool | str] = Field(default_factory=dict)

    def beside(self, folder: Path) -> "Training":
        """Return the same with an absolute path of the concepts."""
        if self.concepts is None:
            return self
        return self.model_copy(update={"concepts": folder / self.concepts.expanduser()})
