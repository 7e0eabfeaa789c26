"""The video library: where the files, the ground truth and the questions of a dataset lie."""

from pathlib import Path
from typing import Literal

import dagster as dg

from resources.home import HomeResource
from zs_dagster.datasets.annotations.reading import read_annotations
from zs_dagster.datasets.annotations.records import Annotations
from zs_dagster.datasets.catalogue import (
    SHIPPED_QUERIES,
    Catalogue,
    find_dataset,
    load_catalogue,
    where_to_put,
)
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.files import find_videos
from zs_dagster.datasets.sources import AnnotationSource, GeneratedVideos, VideoFolder
from zs_dagster.demo.videos import SIZE, scripts, write_videos
from zs_dagster.errors import DatasetError, InputError
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.localization.methods import method_parameters
from zs_dagster.models.profiles import load_profile
from zs_dagster.queries.class_query import QueryWriter
from zs_dagster.queries.sources import find_writer, unused_labels
from zs_dagster.video.header import Header

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

    def untrimmed(self, name: str) -> Dataset:
        """Return a dataset for localization.

        Raises:
            DatasetError: If its videos are clips with one label each.
        """
        dataset = self.dataset(name)
        if dataset.task != "localization":
            raise DatasetError(
                f"dataset '{name}' is for {dataset.task}: its videos are trimmed to one "
                "action each; localization needs a dataset with task: localization"
            )
        return dataset

    def files(self, dataset: Dataset) -> dict[str, Path]:
        """Return the video files by video id; those of the demo are drawn first."""
        if not isinstance(dataset.videos, GeneratedVideos):
            return find_videos(dataset.videos, where_to_put(dataset))
        folder = self._generated(dataset.videos)
        write_videos(folder, SPLITS[dataset.videos.generator])
        return find_videos(VideoFolder(folder=folder))

    def planned_files(self, dataset: Dataset) -> tuple[dict[str, Path], dict[Path, Header]]:
        """Return the files as `files` would, drawing none, and those yet to be drawn."""
        if not isinstance(dataset.videos, GeneratedVideos):
            return self.files(dataset), {}
        folder = self._generated(dataset.videos)
        split = scripts(SPLITS[dataset.videos.generator])
        files = {script.video_id: folder / f"{script.video_id}.mp4" for script in split}
        undrawn = {
            files[script.video_id]: Header(script.story.duration_s, SIZE, SIZE)
            for script in split
            if not files[script.video_id].is_file()
        }
        return files, undrawn

    def annotations(self, dataset: Dataset, video_ids: list[str]) -> Annotations:
        """Return what the annotation file of a dataset says; nothing if it has none."""
        return read_annotations(self._annotation_source(dataset), video_ids)

    def query_writer(self, dataset: Dataset) -> QueryWriter:
        """Return who writes the questions of the dataset's classes."""
        own = dataset.queries
        bank = DEMO_QUERIES if own == SHIPPED_QUERIES else None if own is None else Path(own)
        return find_writer(bank, dataset.prompt_names, prefer=dataset.name)

    def unused_queries(self, dataset: Dataset) -> list[str]:
        """Return the classes of the user's own query bank that the dataset does not have."""
        if dataset.queries in (None, SHIPPED_QUERIES):
            return []
        return unused_labels(Path(str(dataset.queries)), dataset.classes)

    def _annotation_source(self, dataset: Dataset) -> AnnotationSource | None:
        if not isinstance(dataset.videos, GeneratedVideos):
            return dataset.annotations
        path = self._generated(dataset.videos) / "ground_truth.json"
        return AnnotationSource(format="activitynet", path=path)

    def _generated(self, videos: GeneratedVideos) -> Path:
        return self.home.get().generated_videos / videos.generator
