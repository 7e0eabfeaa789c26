"""From the words of a dataset file to the checked parameters of a localizer."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from zs_dagster.errors import InputError
from zs_dagster.localization.clip_only import ClipOnlyParameters
from zs_dagster.localization.parameters import ZealParameters, with_overrides

Parameters = ZealParameters | ClipOnlyParameters


def method_parameters(
    localizer: str, preset: str, given: Mapping[str, Any], tried: Mapping[str, Any]
) -> Parameters:
    """Return the parameters of one method of a dataset.

    Args:
        localizer: ``zeal``, ``random`` (ZEAL on random scores) or ``clip-only``.
        preset: A key of `PRESETS`; not read by ``clip-only``.
        given: What the dataset file fixes.
        tried: ZEAL parameters to try where the file fixes none.

    Raises:
        InputError: If a name is unknown or a value is out of its range.
    """
    if localizer != "clip-only":
        return with_overrides(preset, {**tried, **given})
    known = [field.name for field in fields(ClipOnlyParameters)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InputError(
            f"unknown CLIP-only parameter {unknown[0]}; known are {', '.join(known)}"
        )
    try:
        return ClipOnlyParameters(**given)
    except TypeError as error:
        raise InputError(
            "CLIP-only parameters must be thresholds: a list of numbers, is_normalised: true "
            f"or false, soft_nms_sigma and min_score: numbers; got {dict(given)}"
        ) from error
