"""From the words of a dataset file to the checked parameters of a localizer."""

from collections.abc import Mapping
from typing import Any

from zs_dagster.localization.parameters import ZealParameters
from zs_dagster.localization.registry import get_localizer


def method_parameters(
    localizer: str, preset: str, given: Mapping[str, Any], tried: Mapping[str, Any]
) -> Any:  # noqa: ANN401 - each localizer has parameters of its own type
    """Return the parameters of one method of a dataset.

    Args:
        localizer: A key of `LOCALIZERS`.
        preset: A key of its presets.
        given: What the dataset file fixes.
        tried: ZEAL parameters to try where the file fixes none; other localizers have none of
            that name.

    Raises:
        InputError: If a name is unknown or a value is out of its range.
    """
    found = get_localizer(localizer)
    is_zeal = isinstance(found.presets["default"], ZealParameters)
    return found.parameters(preset, {**tried, **given} if is_zeal else given)
