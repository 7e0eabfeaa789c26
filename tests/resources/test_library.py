"""The video library finds what a dataset speaks of."""

from pathlib import Path

import pytest

from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.errors import DatasetError
from zs_dagster.queries.bank import QueryBank


def library(root: Path) -> VideoLibrary:
    return VideoLibrary(home=HomeResource(root=str(root)))


def test_the_questions_of_the_demo_come_with_the_package(tmp_path: Path) -> None:
    demo = library(tmp_path).dataset("demo")
    writer = library(tmp_path).query_writer(demo)
    assert isinstance(writer, QueryBank)
    queries = [writer.write(label) for label in demo.classes]
    assert len({query.prompts() for query in queries}) == len(demo.classes)


def test_generated_videos_lie_in_the_home_and_name_their_ground_truth(tmp_path: Path) -> None:
    demo = library(tmp_path).dataset("demo")
    truth = library(tmp_path).annotation_file(demo)
    assert truth == tmp_path / "videos" / "demo-test" / "ground_truth.json"


def test_an_unknown_dataset_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="must be one of demo, demo-validation, got 'x'"):
        library(tmp_path).dataset("x")
