"""The video library: where the files, the ground truth and the questions of a dataset lie."""

from pathlib import Path
from typing import Literal

import dagster as dg

from resources.home import HomeResource
from zs_dagster.datasets.catalogue import (
    SHIPPED_QUERIES,
    Catalogue,
    find_dataset,
    load_catalogue,
)
from zs_dagster.datasets.description import Dataset, GeneratedVideos, VideoFolder
from zs_dagster.datasets.files import find_videos
from zs_dagster.demo.videos import write_videos
from zs_dagster.errors import DatasetError, InputError
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.localization.methods import method_parameters
from zs_dagster.models.profiles import load_profile
from zs_dagster.queries.bank import QueryBank
from zs_dagster.queries.class_query import QueryWriter

DEMO_QUERIES = Path(__file__).parents[1] / "zs_dagster" / "demo" / "queries.yaml"
SPLITS: dict[str, Literal["test", "validation"]] = {
    "demo-test": "test",
    "demo-validation": "validation",
}


def checked_catalogue(folder: Path) -> Catalogue:
    """Read the catalogue and check what its files say about models, methods and metrics.

    Raises:
        DatasetError: If a file is broken; before any video is read, not after a night's work.
    """
    catalogue = load_catalogue(folder)
    for dataset in catalogue.values():
        try:
            load_profile(dataset.profile)
            get_protocol(dataset.localization.protocol)
            for method in dataset.localization.methods.values():
                method_parameters(method.localizer, method.preset, method.parameters, {})
        except InputError as error:
            raise DatasetError(f"dataset '{dataset.name}': {error}") from error
    return catalogue


class VideoLibrary(dg.ConfigurableResource):
    """Datasets of the catalogue and their files."""

    home: HomeResource

    def dataset(self, name: str) -> Dataset:
        """Return the description of a dataset as it is now, checked as a whole."""
        return find_dataset(checked_catalogue(self.home.get().datasets), name)

    def files(self, dataset: Dataset) -> dict[str, Path]:
        """Return the video files by video id; those of the demo are drawn first."""
        if isinstance(dataset.videos, VideoFolder):
            return find_videos(dataset.videos)
        folder = self._generated(dataset.videos)
        write_videos(folder, SPLITS[dataset.videos.generator])
        return find_videos(VideoFolder(folder=folder))

    def annotation_file(self, dataset: Dataset) -> Path | None:
        """Return the ground truth file (ActivityNet JSON), if the dataset has one."""
        if isinstance(dataset.videos, VideoFolder):
            return dataset.annotations
        return self._generated(dataset.videos) / "ground_truth.json"

    def query_writer(self, dataset: Dataset) -> QueryWriter:
        """Return who writes the questions of the dataset's classes."""
        path = DEMO_QUERIES if dataset.queries == SHIPPED_QUERIES else Path(dataset.queries)
        return QueryBank(path)

    def _generated(self, videos: GeneratedVideos) -> Path:
        return self.home.get().generated_videos / videos.generator
