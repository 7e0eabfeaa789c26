"""How the clips of a dataset are classified."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from zs_dagster.datasets.strict import Strict

UNADAPTED = "-unadapted"
"""ZAR's method NAME without the adaptation, on the same final view, is NAME-unadapted."""
Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class ClipClassifier(Strict):
    """CLIP zero-shot: frames by a sampler, class texts by templates, scores by an aggregator.

    ``texts`` are the templates filled with the prompt name of each class, or the descriptions
    of `class_queries`. With ``ensemble: probability`` the templates are scored one by one.
    """

    classifier: Literal["clip"] = "clip"
    description: str = ""
    sampler: str = "uniform_center"
    frames: Count = 16
    seed: Annotated[int, Field(ge=0)] = 0
    texts: Literal["templates", "descriptions"] = "templates"
    templates: str | tuple[str, ...] = "action"
    ensemble: Literal["embedding", "probability"] = "embedding"
    aggregator: str = "mean_embed"
    parameters: dict[str, float | int | bool | str] = Field(default_factory=dict)
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0


class ZarClassifier(Strict):
    """ZAR: the prompt is tuned to the views of each video.

    Views are ``windows`` of each rate, in ``crops`` crops of ``frames`` frames; the final view
    has ``frames_eval`` frames of the whole video. ``parameters`` are those of the adaptation.
    """

    classifier: Literal["zar"]
    description: str = ""
    rates: Annotated[tuple[Share, ...], Field(min_length=1)] = (1.0, 0.5, 0.25, 0.125)
    windows: Count = 4
    crops: Literal[1, 3, 5, 9] = 3
    frames: Count = 16
    frames_eval: Count = 16
    is_jittered: bool = True
    seed: Annotated[int, Field(ge=0)] = 0
    parameters: dict[str, float | int | bool | str | tuple[float, ...]] = Field(
        default_factory=dict
    )


def _kind(value: object) -> str:
    """Tell which form is meant, for one error instead of two; CLIP where nothing is said."""
    if isinstance(value, dict):
        return f"<{value.get('classifier', 'clip')}>"
    return f"<{getattr(value, 'classifier', 'clip')}>"


Classifier = Annotated[
    Annotated[ClipClassifier, Tag("<clip>")] | Annotated[ZarClassifier, Tag("<zar>")],
    Discriminator(
        _kind,
        custom_error_type="classifier",
        custom_error_message="must have classifier: clip or classifier: zar",
    ),
]


def _default() -> dict[str, Classifier]:
    return {"clip": ClipClassifier(), "zar": ZarClassifier(classifier="zar")}


class Classification(Strict):
    """What is tried, and on which divisions of the classes.

    ``fill: dense`` encodes every frame once, for any later sampling;
    ``sparse`` encodes only what the classifiers ask for. ``splits`` names the divisions to
    evaluate; all of the dataset if none are named.
    """

    fill: Literal["sparse", "dense"] = "sparse"
    classifiers: Annotated[dict[str, Classifier], Field(min_length=1)] = Field(
        default_factory=_default
    )
    splits: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_are_free(self) -> "Classification":
        for name, classifier in self.classifiers.items():
            taken = f"{name}{UNADAPTED}"
            if isinstance(classifier, ZarClassifier) and taken in self.classifiers:
                raise ValueError(
                    f"classifier '{taken}' has the name of '{name}' without its adaptation; "
                    "rename it"
                )
        return self
