"""What Dagster knows of the state of datasets, for the command line."""

from typing import TYPE_CHECKING

from zs_dagster.cli.graph import asset_graph, open_instance, stages_of
from zs_dagster.datasets.description import Dataset
from zs_dagster.home import Home

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from assets.automation.staleness import Freshness
    from resources.library import VideoLibrary


def report_sources(instance: "DagsterInstance", dataset: str) -> Dataset:
    """Tell Dagster what the stages of a dataset read is now; return the dataset."""
    from assets.automation.staleness import read_by
    from assets.automation.watching import observe

    library, described = _library(), describe(dataset)
    observe(instance, described, library, read_by(asset_graph(), stages_of(described.task)))
    return described


def describe(dataset: str) -> Dataset:
    """Return what the file of a dataset says."""
    return _library().dataset(dataset)


def trial(dataset: str) -> str:
    """Say that the results of a dataset are of a trial; empty where they are not."""
    from assets.trials import sentence

    with open_instance() as instance:
        return sentence(instance, dataset)


def stages(instance: "DagsterInstance", dataset: str) -> "dict[str, Freshness]":
    """Return the state of every stage of a dataset, as its files are now."""
    from assets.automation.staleness import freshness

    described = report_sources(instance, dataset)
    home = Home.from_environment()
    return freshness(instance, asset_graph(), home, dataset, stages_of(described.task))


def _library() -> "VideoLibrary":
    from resources.home import HomeResource
    from resources.library import VideoLibrary

    return VideoLibrary(home=HomeResource())
