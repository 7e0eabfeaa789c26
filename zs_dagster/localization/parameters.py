"""The knobs of ZEAL's proposal step and their presets; each step has a file of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import Any, Literal

from zs_dagster.errors import InputError

Variant = Literal["default", "zeal-paper"]
VARIANTS: tuple[str, ...] = ("default", "zeal-paper")


@dataclass(frozen=True)
class ZealParameters:
    """How the confidence of one class in one video becomes scored segments.

    Attributes:
        variant: ``default`` is the corrected method; ``zeal-paper`` follows the published
            code of the authors, quirks included. `zs_dagster.localization.zeal` lists them.
        top_fraction: Fraction of the samples that may start (or end) an action, in (0, 1].
        min_gap_samples: Least distance of two starts (or two ends), samples, >= 1; 1 is none.
        min_gap_s: The same in seconds, > 0; replaces ``min_gap_samples`` where it is set.
        max_length_fraction: Longest proposal over the number of samples, in (0, 1].
        confidence_weight: The paper's lambda in [0, 1]: the weight of the two confidences
            against the mean cosine inside. The paper's own curve peaks at 0.2.
        soft_nms_sigma: Width of the Gaussian decay of overlapping proposals, unitless, > 0.
        min_score: Proposals whose decayed score is lower are dropped, >= 0.
        merge_tiou: Neighbours that overlap by more become one, in [0, 1]; 1 is never.
        normalise_epsilon: Normalised columns span [epsilon, 1 - epsilon], in [0, 0.5).
        min_mean_confidence: Classes whose mean confidence is lower are skipped, in [0, 1].
            Only ``zeal-paper`` does so; the authors skip nothing (0) with known classes.

    Raises:
        InputError: If a value is not a number or outside its range.

    Reference:
        ZEAL, arXiv:2410.14340, section 3; values from the configuration of its code.
    """

    variant: Variant = "default"
    top_fraction: float = 0.35
    min_gap_samples: int = 5
    min_gap_s: float | None = None
    max_length_fraction: float = 0.95
    confidence_weight: float = 0.1
    soft_nms_sigma: float = 1.3
    min_score: float = 0.1
    merge_tiou: float = 0.9
    normalise_epsilon: float = 0.05
    min_mean_confidence: float = 0.1

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise InputError(
                f"variant must be one of {', '.join(VARIANTS)}, got {self.variant!r}"
            )
        for field in fields(self):
            if field.name in _RANGES:
                _check(field.name, getattr(self, field.name), field.default)


_RANGES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "top_fraction": ("a number in (0, 1]", lambda value: 0 < value <= 1),
    "min_gap_samples": ("a whole number >= 1", lambda value: value >= 1),
    "min_gap_s": ("a number > 0, or none", lambda value: 0 < value < float("inf")),
    "max_length_fraction": ("a number in (0, 1]", lambda value: 0 < value <= 1),
    "confidence_weight": ("a number in [0, 1]", lambda value: 0 <= value <= 1),
    "soft_nms_sigma": ("a number > 0", lambda value: 0 < value < float("inf")),
    "min_score": ("a number >= 0", lambda value: 0 <= value < float("inf")),
    "merge_tiou": ("a number in [0, 1]", lambda value: 0 <= value <= 1),
    "normalise_epsilon": ("a number in [0, 0.5)", lambda value: 0 <= value < 0.5),
    "min_mean_confidence": ("a number in [0, 1]", lambda value: 0 <= value <= 1),
}


def _check(name: str, value: object, default: object) -> None:
    """Raise unless a parameter is a number of its range."""
    if name == "min_gap_s" and value is None:
        return
    kind = Integral if name == "min_gap_samples" else Real
    rule, holds = _RANGES[name]
    if isinstance(value, bool) or not isinstance(value, kind) or not holds(value):
        remedy = "leave it out" if default is None else f"the usual value is {default}"
        raise InputError(f"{name} must be {rule}, got {value!r}; {remedy}")


PRESETS: dict[str, ZealParameters] = {
    "default": ZealParameters(),
    "zeal-paper": ZealParameters(variant="zeal-paper"),
}


def with_overrides(preset: str, overrides: Mapping[str, Any]) -> ZealParameters:
    """Take a preset and change some of its parameters by name.

    Args:
        preset: A key of `PRESETS`.
        overrides: Parameter name to value, as in `ZealParameters`; may be empty.

    Returns:
        The validated parameters.

    Raises:
        InputError: If the preset or a name is unknown, or a value is out of its range.
    """
    if preset not in PRESETS:
        raise InputError(f"preset must be one of {', '.join(PRESETS)}, got {preset!r}")
    known = [field.name for field in fields(ZealParameters)]
    unknown = sorted(str(name) for name in overrides if name not in known)
    if unknown:
        raise InputError(
            f"unknown ZEAL parameter {', '.join(unknown)}; known are {', '.join(known)}"
        )
    return replace(PRESETS[preset], **{k: _whole(k, v) for k, v in overrides.items()})


def _whole(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever the user wrote
    """Read 2.0 as 2 where a count is wanted: run configuration knows only numbers."""
    is_count = name == "min_gap_samples" and isinstance(value, float) and value.is_integer()
    return int(value) if is_count else value
