"""How the clips of a dataset are classified."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from zs_dagster.datasets.strict import Strict

UNADAPTED, UNTRAINED = "-unadapted", "-untrained"
"""ZAR's method NAME without the adaptation, on the same final view, is NAME-unadapted.
CEZSAR's method NAME with the joint space as it was before training is NAME-untrained."""
Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Views = Annotated[int, Field(ge=1, le=1000)]
"""Times in a window are drawn whatever the frames there are, so that nothing else ends them."""


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
    windows: Views = 4
    crops: Literal[1, 3, 5, 9] = 3
    frames: Views = 16
    frames_eval: Count = 16
    is_jittered: bool = True
    seed: Annotated[int, Field(ge=0)] = 0
    parameters: dict[str, float | int | bool | str | tuple[float, ...]] = Field(
        default_factory=dict
    )


class CezsarClassifier(Strict):
    """CEZSAR: nearest sentences of classes in a joint space trained on captions.

    ``trained_on`` names the dataset with the captions. ``texts`` are the descriptions of
    `class_queries`, or a YAML file of the sentences of each class. ``object_share`` is the
    weight of the objects in the mode ``visual_object``.
    """

    classifier: Literal["cezsar"]
    description: str = ""
    trained_on: Annotated[str, Field(min_length=1)]
    mode: Literal["visual", "object", "visual_object"] = "visual"
    frames: Count = 16
    k: Count = 1
    texts: Literal["descriptions"] | Path = "descriptions"
    max_sentences: Count = 1
    min_words: Count = 3
    max_words: Count = 300
    objects: Count = 3
    object_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    mix_normalise: bool = True
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.07


def _kind(value: object) -> str:
    """Tell which form is meant, for one error instead of two; CLIP where nothing is said."""
    if isinstance(value, dict):
        return f"<{value.get('classifier', 'clip')}>"
    return f"<{getattr(value, 'classifier', 'clip')}>"


Classifier = Annotated[
    Annotated[ClipClassifier, Tag("<clip>")]
    | Annotated[ZarClassifier, Tag("<zar>")]
    | Annotated[CezsarClassifier, Tag("<cezsar>")],
    Discriminator(
        _kind,
        custom_error_type="classifier",
        custom_error_message="must have classifier: clip, zar or cezsar",
    ),
]


def _default() -> dict[str, Classifier]:
    return {"clip": ClipClassifier(), "zar": ZarClassifier(classifier="zar")}


def methods_of(name: str, classifier: Classifier) -> tuple[str, ...]:
    """Return the methods of a classifier: its name, then what it is compared with."""
    suffixes = {"clip": (), "zar": (UNADAPTED,), "cezsar": (UNTRAINED,)}
    return (name, *(name + suffix for suffix in suffixes[classifier.classifier]))


class RandomClasses(Strict):
    """Evaluation among ``count`` classes drawn at random, ``repeats`` times."""

    count: Annotated[int, Field(ge=2)]
    repeats: Count = 50
    seed: Annotated[int, Field(ge=0)] = 0


class Classification(Strict):
    """What is tried, and on which divisions of the classes.

    ``fill: dense`` encodes every frame once, for any later sampling;
    ``sparse`` encodes only what the classifiers ask for. ``splits`` names the divisions to
    evaluate; all of the dataset if none are named. ``random_classes`` adds evaluation sets.
    """

    fill: Literal["sparse", "dense"] = "sparse"
    classifiers: Annotated[dict[str, Classifier], Field(min_length=1)] = Field(
        default_factory=_default
    )
    splits: tuple[str, ...] = ()
    random_classes: RandomClasses | None = None

    @model_validator(mode="after")
    def _names_are_free(self) -> "Classification":
        for name, classifier in self.classifiers.items():
            for taken in methods_of(name, classifier)[1:]:
                if taken in self.classifiers:
                    act = "adaptation" if taken.endswith(UNADAPTED) else "training"
                    raise ValueError(
                        f"classifier '{taken}' has the name of '{name}' without its {act}; "
                        "rename it"
                    )
        return self

    @property
    def cezsar(self) -> dict[str, CezsarClassifier]:
        """The classifiers that need a trained joint space, by name."""
        found = self.classifiers.items()
        return {name: one for name, one in found if isinstance(one, CezsarClassifier)}

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The datasets whose captions they were trained on."""
        return tuple(dict.fromkeys(one.trained_on for one in self.cezsar.values()))

    def beside(self, folder: Path) -> "Classification":
        """Return the same with absolute paths of the texts."""
        found = {
            name: one.model_copy(update={"texts": folder / one.texts.expanduser()})
            for name, one in self.cezsar.items()
            if isinstance(one.texts, Path)
        }
        return self.model_copy(update={"classifiers": {**self.classifiers, **found}})
