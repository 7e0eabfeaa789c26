"""Which stages of a dataset are stale, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import dagster as dg

# The resolver behind the badges of the UI; Dagster gives no public name to it (1.13).
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.data_version import (
    CachingStaleStatusResolver,
    StaleCause,
    StaleCauseCategory,
    StaleStatus,
)
from dagster._core.loader import LoadingContextForTest

from assets.automation.settings import SETTINGS
from assets.automation.sources import FILES, SETTINGS_OF, source_key
from assets.trials import told
from zs_dagster.home import Home
from zs_dagster.schemas import SCHEMAS

State = Literal["fresh", "stale", "missing"]
FRESH: State = "fresh"
STALE: State = "stale"
MISSING: State = "missing"
REPORTS = ("report", "classification_report")


@dataclass(frozen=True)
class Freshness:
    """How one asset of a dataset stands.

    Attributes:
        state: ``missing`` was never made; ``stale`` is not what would be made now.
        why: In words; empty for what is fresh.
    """

    state: State
    why: str = ""


def read_by(graph: BaseAssetGraph, assets: Iterable[str]) -> list[str]:
    """Return the names of the sources that some assets read themselves."""
    read = {key for asset in assets for key in graph.get(dg.AssetKey(asset)).parent_keys}
    return [name for name in [*FILES, *SETTINGS] if source_key(name) in read]


def freshness(
    instance: dg.DagsterInstance,
    graph: BaseAssetGraph,
    home: Home,
    dataset: str,
    assets: Sequence[str],
) -> dict[str, Freshness]:
    """Tell the state of some assets of a dataset, down the whole chain.

    Dagster calls stale what lies one step below a change; here also what lies below that, as
    it will be computed from what is about to change, and what was tried or deleted.

    Args:
        instance: Where materialisations and observations are recorded.
        graph: The asset graph.
        home: Where tables and reports lie.
        dataset: The partition.
        assets: Names of the assets asked about.
    """
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    found: dict[str, Freshness] = {}
    trials = told(instance, dataset)
    for key in graph.toposorted_asset_keys:
        name = key.to_user_string()
        if name in assets:
            partition = dataset if graph.get(key).is_partitioned else None
            status = resolver.get_status(key, partition)
            said = [_words(cause) for cause in resolver.get_stale_causes(key, partition)]
            said += [f"made with {trials[name]} to try it"] if name in trials else []
            said += [f"{gone} is gone"] if (gone := _gone(home, name, dataset)) else []
            above = [parent.to_user_string() for parent in graph.get(key).parent_keys]
            found[name] = _joined(status, said, _waiting(above, found))
    return found


def _waiting(above: Iterable[str], found: dict[str, Freshness]) -> list[str]:
    return sorted(name for name in above if name in found and found[name].state != FRESH)


def _gone(home: Home, name: str, dataset: str) -> str:
    """Say which file of a stage is no longer there; empty where it is, or writes none."""
    if name in SCHEMAS and not home.tables.parts(name, dataset):
        return "its table"
    if name in REPORTS and not (home.reports / f"{dataset}.html").is_file():
        return "its page"
    return ""


def _joined(status: StaleStatus, said: list[str], waiting: Sequence[str]) -> Freshness:
    if status is StaleStatus.MISSING:
        return Freshness(MISSING, "never materialised")
    said += [f"waits for {', '.join(waiting)}"] if waiting else []
    return Freshness(STALE if said else FRESH, "; ".join(dict.fromkeys(said)))


def _words(cause: StaleCause) -> str:
    if cause.category is StaleCauseCategory.CODE:
        return "its code changed"
    if cause.dependency is None:
        return cause.reason
    path = cause.dependency.asset_key.path
    if path[0] == SETTINGS_OF:
        return "its settings or its model changed"
    if path[0] in FILES:
        return f"{path[0].replace('_', ' ')} changed"
    return f"{path[-1]} changed"
