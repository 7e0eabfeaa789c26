"""What Dagster knows of the state of datasets, for the command line."""

from typing import TYPE_CHECKING

from zs_dagster.cli.graph import asset_graph, stages_of

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from assets.automation.staleness import Freshness
    from resources.library import VideoLibrary


def report_sources(instance: "DagsterInstance", dataset: str) -> None:
    """Tell Dagster what files, questions and settings of a dataset are now."""
    from assets.automation.watching import observe

    library = _library()
    observe(instance, library.dataset(dataset), library)


def stages(instance: "DagsterInstance", dataset: str) -> "dict[str, Freshness]":
    """Return the state of every stage of a dataset, as its files are now."""
    from assets.automation.staleness import freshness

    report_sources(instance, dataset)
    assets = stages_of(_library().dataset(dataset).task)
    return freshness(instance, asset_graph(), dataset, assets)


def _library() -> "VideoLibrary":
    from resources.home import HomeResource
    from resources.library import VideoLibrary

    return VideoLibrary(home=HomeResource())
