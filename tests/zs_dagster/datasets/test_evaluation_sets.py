"""Which videos are classified among which classes, on the shipped datasets."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from zs_dagster.datasets.catalogue import load_catalogue
from zs_dagster.datasets.classification import Classification
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.evaluation_sets import EvaluationSet, evaluation_sets
from zs_dagster.datasets.splits import load_splits
from zs_dagster.errors import DatasetError

CATALOGUE = load_catalogue(Path("nothing"))
Row = dict[str, Any]


def sets(dataset: Dataset, rows: Iterable[Row]) -> dict[str, EvaluationSet]:
    annotations = list(rows)
    videos = sorted({row["video_id"] for row in annotations})
    found = evaluation_sets(dataset, videos, annotations, load_splits(dataset))
    return {one.name: one for one in found}


def a_clip_per_class(dataset: Dataset, subsets: str) -> list[Row]:
    return [
        {"video_id": f"clip of {label}", "label": label, "subsets": subsets}
        for label in dataset.classes
    ]


@pytest.mark.parametrize("name", ["hmdb51", "ucf101"])
def test_three_official_lists_and_the_divisions(name: str) -> None:
    dataset = CATALOGUE[name]
    rows = a_clip_per_class(dataset, "test1 test3 train2")
    rows[0]["subsets"] = "test2 train1 train3"
    found = sets(dataset, rows)
    n = len(dataset.classes)
    assert {k: len(found[k].videos) for k in ("test1", "test2", "test3")} == {
        "test1": n - 1,
        "test2": 1,
        "test3": n - 1,
    }
    assert {len(found[k].classes) for k in ("test1", "test2", "test3")} == {n}
    base, novel = found["base-to-novel/base"], found["base-to-novel/novel"]
    halves = {"hmdb51": (26, 25), "ucf101": (51, 50)}
    assert (len(base.classes), len(novel.classes)) == halves[name]
    assert set(base.classes).isdisjoint(novel.classes)
    # The first list is the one of the published protocol.
    assert set(base.videos) | set(novel.videos) == set(found["test1"].videos)


def test_kinetics_600_has_three_times_160_candidates() -> None:
    dataset = CATALOGUE["kinetics600"]
    found = sets(dataset, a_clip_per_class(dataset, "test"))
    for number in range(3):
        one = found[f"zsl220-{number}"]
        assert len(one.classes) == len(one.videos) == 160
        assert list(one.classes) == [c for c in dataset.classes if c in one.classes]


def test_unseen_classes_are_tested_on_all_their_videos_where_lists_are_folds() -> None:
    dataset = CATALOGUE["ucf101"]
    rows = a_clip_per_class(dataset, "test1 train2 train3")
    never_tested = {**rows[0], "video_id": "group 25", "subsets": "train1 train2 train3"}
    found = sets(dataset, [never_tested, *rows])
    truze = found["truze"]
    assert ("group 25" in truze.videos) is (rows[0]["label"] in truze.classes)
    everything = {row["video_id"]: row["label"] for row in [never_tested, *rows]}
    assert set(truze.videos) == {v for v, c in everything.items() if c in truze.classes}
    assert "group 25" not in found["test1"].videos


def test_training_videos_are_in_no_set_where_there_is_one_list_for_evaluation() -> None:
    dataset = CATALOGUE["kinetics600"]
    rows = a_clip_per_class(dataset, "val")
    rows[-1]["subsets"] = "train"
    for one in sets(dataset, rows).values():
        assert rows[-1]["video_id"] not in one.videos, one.name


def test_without_ground_truth_all_is_classified_among_all() -> None:
    dataset = CATALOGUE["hmdb51"]
    (one,) = evaluation_sets(dataset, ["b", "a"], [], load_splits(dataset))
    assert one == EvaluationSet("all", dataset.classes, ("a", "b"))


def test_videos_that_cannot_be_read_are_in_no_set() -> None:
    dataset = CATALOGUE["demo-clips"]
    rows = a_clip_per_class(dataset, "")
    (one,) = evaluation_sets(dataset, [rows[0]["video_id"]], rows, {})
    assert one.videos == (rows[0]["video_id"],)


def test_a_dataset_may_name_the_divisions_it_wants() -> None:
    dataset = CATALOGUE["ucf101"].model_copy(
        update={"classification": Classification(splits=("truze",))}
    )
    found = sets(dataset, a_clip_per_class(dataset, "test1"))
    assert set(found) == {"test1", "truze"}
    assert len(found["truze"].classes) == 34
    wrong = dataset.model_copy(update={"classification": Classification(splits=("trueze",))})
    with pytest.raises(DatasetError, match=r"must be of base-to-novel, .*; got 'trueze'"):
        sets(wrong, a_clip_per_class(wrong, "test1"))
