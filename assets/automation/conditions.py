"""When an asset is computed anew without anybody asking."""

import warnings
from typing import Any

import dagster as dg

_C = dg.AutomationCondition


def keep_fresh() -> dg.AutomationCondition[Any]:
    """Compute again what was computed before and is now stale; never begin by itself.

    A dataset is taken up by running its job once. `AutomationCondition.eager` would not do: it
    ignores changed code, and goes on downstream of a run whose result stayed the same.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        changed: Any = _C.code_version_changed() | _C.any_deps_match(_C.data_version_changed())
        is_free = ~_C.any_deps_in_progress() & ~_C.in_progress()
        condition: dg.AutomationCondition[Any] = (
            ~_C.missing() & changed.since_last_handled() & is_free
        )
        return condition
