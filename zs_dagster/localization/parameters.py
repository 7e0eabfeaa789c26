"""The knobs of ZEAL's proposal step and their presets; each step has a file of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from zs_dagster.errors import InputError
from zs_dagster.localization.localizer import overridden
from zs_dagster.localization.ranges import (
    COUNT,
    FRACTION,
    NOT_NEGATIVE,
    OPTIONAL_POSITIVE,
    POSITIVE,
    SHARE,
    Range,
    check_ranges,
)

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
        check_ranges(self, _RANGES)


_RANGES: dict[str, Range] = {
    "top_fraction": SHARE,
    "min_gap_samples": COUNT,
    "min_gap_s": OPTIONAL_POSITIVE,
    "max_length_fraction": SHARE,
    "confidence_weight": FRACTION,
    "soft_nms_sigma": POSITIVE,
    "min_score": NOT_NEGATIVE,
    "merge_tiou": FRACTION,
    "normalise_epsilon": Range("a number in [0, 0.5)", lambda value: 0 <= value < 0.5),
    "min_mean_confidence": FRACTION,
}


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
    return overridden("ZEAL", PRESETS, preset, overrides)
