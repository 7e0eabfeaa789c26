"""The video library: where the files, the ground truth and the questions of a dataset lie."""

from pathlib import Path
from typing import Literal

import dagster as dg

from resources.home import HomeResource
from zs_dagster.datasets.catalogue import find_dataset, load_catalogue
from zs_dagster.datasets.description import Dataset, GeneratedVideos, VideoFolder
from zs_dagster.datasets.files import find_videos
from zs_dagster.demo.videos import write_videos
from zs_dagster.queries.bank import QueryBank
from zs_dagster.queries.class_query import QueryWriter

DEMO_QUERIES = Path(__file__).parents[1] / "zs_dagster" / "demo" / "queries.yaml"
SPLITS: dict[str, Literal["test", "validation"]] = {
    "demo-test": "test",
    "demo-validation": "validation",
}


class VideoLibrary(dg.ConfigurableResource):
    """Datasets of the catalogue and their files."""

    home: HomeResource

    def dataset(self, name: str) -> Dataset:
        """Return the description of a dataset as it is now."""
        return find_dataset(load_catalogue(self.home.get().datasets), name)

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
        path = DEMO_QUERIES if dataset.queries == "demo" else Path(dataset.queries)
        return QueryBank(path)

    def _generated(self, videos: GeneratedVideos) -> Path:
        return self.home.get().generated_videos / videos.generator
