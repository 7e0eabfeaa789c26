"""How the untrimmed videos of a dataset are localized."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from zs_dagster.datasets.strict import Strict

MAX_FPS = 60.0


class Method(Strict):
    """One way from cached scores to segments; rows of the metrics carry its name.

    `localizer` and `preset` are names that `zs_dagster.localization.registry` knows.
    `candidates` are the classes it may answer: the `filtered` top k, the `known` ones of the
    ground truth (the rows with a cross in the paper's tables), or `any` class, which only the
    random baseline can, as nothing was scored for the others.
    """

    description: str = ""
    localizer: str = "zeal"
    preset: str = "default"
    candidates: Literal["filtered", "known", "any"] = "filtered"
    parameters: dict[str, int | float | str | tuple[float, ...] | bool] = Field(
        default_factory=dict
    )
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _any_class_is_random(self) -> "Method":
        if self.candidates == "any" and self.localizer != "random":
            raise ValueError("candidates: any needs localizer: random, which asks no model")
        return self


class FrameEconomy(Strict):
    """Which of the sampled frames the LVLM is asked about; all of them by default.

    With ``stride`` the first look is at every so many frames and the second around the highest
    ``refine_share`` of its answers; with ``repeat_similarity`` a frame whose CLIP feature has
    that cosine with the last one asked about takes over its answer.
    """

    stride: Annotated[int, Field(ge=1, le=64)] = 1
    refine_share: Annotated[float, Field(gt=0, le=1)] = 0.25
    repeat_similarity: Annotated[float | None, Field(gt=0, le=1)] = None


class Localization(Strict):
    """How untrimmed videos are sampled, filtered and localized.

    With ``score_middle`` the LVLM is also asked the middle question of the classes that have
    one, which only some localizers read.
    """

    fps: Annotated[float, Field(gt=0, le=MAX_FPS)] = 1.0
    top_k: Annotated[int, Field(ge=1)] = 3
    filter_frames: Annotated[int, Field(ge=1)] = 8
    filter_text: Literal["name", "description"] = "name"
    protocol: str = "thumos14"
    score_known_classes: bool = False
    score_middle: bool = False
    economy: FrameEconomy = FrameEconomy()
    methods: Annotated[dict[str, Method], Field(min_length=1)] = Field(
        default_factory=lambda: {"zeal": Method()}
    )

    @model_validator(mode="after")
    def _known_classes_are_scored(self) -> "Localization":
        known = [name for name, m in self.methods.items() if m.candidates == "known"]
        if known and not self.score_known_classes:
            raise ValueError(
                f"method '{known[0]}' uses known classes; set score_known_classes: true"
            )
        return self
