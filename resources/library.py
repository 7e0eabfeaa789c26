"""The video library: where the files, the ground truth and the questions of a dataset lie."""

from pathlib import Path
from typing import Literal

import dagster as dg

from resources.home import HomeResource
from zs_dagster.checked_catalogue import checked_catalogue
from zs_dagster.datasets.annotations.captions import Caption, read_captions
from zs_dagster.datasets.annotations.reading import read_annotations
from zs_dagster.datasets.annotations.records import Annotations
from zs_dagster.datasets.catalogue import (
    SHIPPED_QUERIES,
    Catalogue,
    check_sources,
    find_dataset,
    where_to_put,
)
from zs_dagster.datasets.description import CAPTIONS, Dataset
from zs_dagster.datasets.files import find_videos
from zs_dagster.datasets.sources import (
    AnnotationSource,
    CaptionSource,
    GeneratedVideos,
    VideoFolder,
)
from zs_dagster.demo.captioned import write_captioned
from zs_dagster.demo.clips import write_clips
from zs_dagster.demo.videos import SIZE, scripts, write_videos
from zs_dagster.errors import DatasetError
from zs_dagster.models.loading import Models
from zs_dagster.models.profiles import load_profile
from zs_dagster.queries.llm_writer import LlmWriter
from zs_dagster.queries.prompt_sets import PROMPT_SETS
from zs_dagster.queries.sources import QuerySources, find_writer, own_banks
from zs_dagster.video.header import Header

CLIPS, CAPTIONED = "demo-clips", "demo-captions"
SPLITS: dict[str, Literal["test", "validation"]] = {
    "demo-test": "test",
    "demo-validation": "validation",
}


class VideoLibrary(dg.ConfigurableResource):
    """Datasets of the catalogue and their files."""

    home: HomeResource

    def catalogue(self) -> Catalogue:
        """Return the descriptions of all datasets as they are now, checked as a whole."""
        return checked_catalogue(self.home.get().datasets)

    def dataset(self, name: str) -> Dataset:
        """Return the description of a dataset as it is now."""
        return find_dataset(self.catalogue(), name)

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

    def trimmed(self, name: str) -> Dataset:
        """Return a dataset for classification.

        Raises:
            DatasetError: If its videos are untrimmed.
        """
        dataset = self.dataset(name)
        if dataset.task != "classification":
            raise DatasetError(
                f"dataset '{name}' is for {dataset.task}: its videos hold several actions "
                "each; classification needs a dataset with task: classification"
            )
        return dataset

    def captioned(self, name: str) -> Dataset:
        """Return a dataset to train on.

        Raises:
            DatasetError: If its videos have no captions.
        """
        dataset = self.dataset(name)
        if dataset.task != CAPTIONS:
            raise DatasetError(
                f"dataset '{name}' is for {dataset.task}: its videos have no captions; "
                "training needs a dataset with task: captions"
            )
        return dataset

    def files(self, dataset: Dataset) -> dict[str, Path]:
        """Return the video files by video id; those of the demo are drawn first."""
        if not isinstance(dataset.videos, GeneratedVideos):
            found = find_videos(dataset.videos, where_to_put(dataset))
            check_sources(dataset)
            return found
        folder = self._generated(dataset.videos)
        if dataset.videos.generator == CLIPS:
            write_clips(folder)
        elif dataset.videos.generator == CAPTIONED:
            write_captioned(folder)
        else:
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

    def captions(self, dataset: Dataset) -> list[Caption]:
        """Return what the caption files of a dataset say."""
        if isinstance(dataset.videos, GeneratedVideos):
            path = self._generated(dataset.videos) / "captions.json"
            return read_captions(CaptionSource(format="activitynet-captions", paths=(path,)))
        return read_captions(dataset.captions) if dataset.captions else []

    def query_writer(self, dataset: Dataset, models: Models) -> QuerySources:
        """Return who writes the questions of the dataset's classes."""
        banks, llm = own_banks(self.home.get(), dataset.name, dataset.queries), None
        if dataset.question_writer == "llm":
            said = load_profile(dataset.profile).named_llm()
            client = models.llm(dataset.profile)
            llm = LlmWriter(client, said.settings(), PROMPT_SETS[said.prompts])
        return find_writer(banks, dataset.prompt_names, dataset.name, llm)

    def unused_queries(self, dataset: Dataset) -> list[str]:
        """Return the classes of the user's own query banks that the dataset does not have."""
        banks = own_banks(self.home.get(), dataset.name, dataset.queries)
        own = [bank for bank in banks if dataset.queries != SHIPPED_QUERIES]
        return [label for bank in own for label in bank.unused(dataset.classes)]

    def _annotation_source(self, dataset: Dataset) -> AnnotationSource | None:
        if not isinstance(dataset.videos, GeneratedVideos):
            return dataset.annotations
        folder = self._generated(dataset.videos)
        if dataset.videos.generator == CLIPS:
            return AnnotationSource(format="csv", path=folder / "ground_truth.csv")
        return AnnotationSource(format="activitynet", path=folder / "ground_truth.json")

    def _generated(self, videos: GeneratedVideos) -> Path:
        return self.home.get().generated_videos / videos.generator
