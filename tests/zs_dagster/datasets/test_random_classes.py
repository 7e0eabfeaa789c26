"""The random protocol: x classes drawn r times, all videos of these classes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.evaluation_sets import evaluation_sets
from zs_dagster.datasets.random_classes import random_classes
from zs_dagster.errors import DatasetError
from zs_dagster.evaluation.split_groups import group_of

LABELS = [f"class {number}" for number in range(9)]


def described(**options: Any) -> Dataset:  # noqa: ANN401
    return Dataset.model_validate(
        {
            "name": "d",
            "task": "classification",
            "videos": {"folder": "x"},
            "classes": LABELS,
            "classification": {"random_classes": options},
        }
    )


@given(st.integers(2, 9), st.integers(1, 8), st.integers(0, 99))
def test_draws_are_distinct_in_order_and_kept_when_more_are_asked_for(
    count: int, repeats: int, seed: int
) -> None:
    drawn = random_classes(described(count=count, repeats=repeats, seed=seed))
    assert len(drawn) == repeats
    for labels in drawn.values():
        assert len(set(labels)) == count
        assert list(labels) == [label for label in LABELS if label in labels]
    more = random_classes(described(count=count, repeats=repeats + 1, seed=seed))
    assert drawn.items() <= more.items()


def test_every_class_is_drawn_as_often_as_the_others() -> None:
    drawn = random_classes(described(count=3, repeats=900))
    counts = [sum(label in labels for labels in drawn.values()) for label in LABELS]
    # 300 each, sd 14: five sd.
    assert all(abs(count - 300) < 70 for count in counts)


def test_a_set_has_all_videos_of_its_classes_and_the_sets_are_one_group() -> None:
    rows = [
        {"video_id": f"v{n}", "label": LABELS[n % 9], "subsets": "test1" if n % 2 else "train1"}
        for n in range(27)
    ]
    videos = [row["video_id"] for row in rows]
    sets = evaluation_sets(described(count=4, repeats=2), videos, rows, {})
    drawn = [one for one in sets if one.name.startswith("random")]
    assert [one.name for one in drawn] == ["random-4-0", "random-4-1"]
    assert {group_of(one.name) for one in drawn} == {"random-4*"}
    for one in drawn:
        assert len(one.videos) == 12
        labels = {rows[int(video[1:])]["label"] for video in one.videos}
        assert labels == set(one.classes)


def test_more_classes_than_there_are_are_refused() -> None:
    with pytest.raises(
        DatasetError, match="count must be at most 9, the number of classes, got 10"
    ):
        random_classes(described(count=10))
