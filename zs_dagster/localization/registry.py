"""The localizers there are. A new one is a file of its own and a line here."""

from typing import Any

from zs_dagster.errors import InputError
from zs_dagster.localization.clip_only import CLIP_ONLY
from zs_dagster.localization.experts import EXPERTS
from zs_dagster.localization.freezad import FREEZAD, T3AL0
from zs_dagster.localization.localizer import Localizer
from zs_dagster.localization.random_scores import RANDOM
from zs_dagster.localization.stages import STAGES
from zs_dagster.localization.zeal import ZEAL

LOCALIZERS: dict[str, Localizer[Any]] = {
    "zeal": ZEAL,
    "experts": EXPERTS,
    "stages": STAGES,
    "t3al0": T3AL0,
    "freezad": FREEZAD,
    "clip-only": CLIP_ONLY,
    "random": RANDOM,
}


def get_localizer(name: str) -> Localizer[Any]:
    """Return the localizer of a name.

    Raises:
        InputError: If there is none; lists the names.
    """
    if name not in LOCALIZERS:
        raise InputError(f"localizer must be one of {', '.join(LOCALIZERS)}, got '{name}'")
    return LOCALIZERS[name]
