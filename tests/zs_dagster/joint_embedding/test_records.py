"""Records, their negatives and their batches."""

from collections.abc import Callable

import numpy as np
import pytest

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.captioned import CaptionedSegments
from zs_dagster.joint_embedding.parameters import PRESETS, JointParameters
from zs_dagster.joint_embedding.records import (
    Records,
    Rows,
    group_numbers,
    known_positives,
)

Make = Callable[..., JointParameters]
MakeSegments = Callable[..., CaptionedSegments]


def joined(batches: list[Rows]) -> list[tuple[int, int, int]]:
    """Return all triplets of batches, sorted."""
    apart = [rows.apart() for rows in batches]
    columns = [
        np.concatenate([getattr(rows, name) for rows in apart])
        for name in ("segment", "positive")
    ]
    negative = np.concatenate([rows.negative[:, 0] for rows in apart])
    return sorted(zip(*(c.tolist() for c in (*columns, negative)), strict=True))


def test_published_counts() -> None:
    # S segments, 3 replicas, caption and two more sentences, 10 negatives: 90 S triplets.
    count, rng = 7, np.random.default_rng(0)
    data = CaptionedSegments(
        frames=np.ones((count, 2), np.float32),
        first=np.arange(count + 1),
        video=[f"v{n}" for n in range(count)],
        sentences=[f"s{n}" for n in range(3 * count)],
        sentence_features=rng.normal(size=(3 * count, 8)).astype(np.float32),
        caption=np.arange(count),
        positives=np.stack([np.arange(3 * count) % count, np.arange(3 * count)], axis=1),
    )
    published = PRESETS["cezsar-paper"]
    records = Records(data, np.arange(count), published, published.replicas)
    facts = records.facts()
    assert (facts["records"], facts["triplets"]) == (9 * count, 90 * count)
    batches = records.epoch(1)
    assert sum(len(rows) for rows in batches) == 90 * count
    assert [len(rows) for rows in batches[:-1]] == [128] * (len(batches) - 1)
    assert all(rows.negative.shape == (len(rows), 1) for rows in batches)


def test_negatives_come_from_the_same_part(small: Make, make_segments: MakeSegments) -> None:
    data, part = make_segments(), np.arange(10)
    for rows in Records(data, part, small()).epoch(1):
        assert set(rows.segment) <= set(part)
        of_part = set(data.positives[data.positives[:, 0] < 10, 1])
        assert set(rows.negative.reshape(-1).tolist()) <= of_part
        video = np.array([data.video[n] for n in rows.segment])
        of_negative = np.array(data.video)[rows.negative % len(data)]
        assert (of_negative != video[:, None]).all()


def test_all_rows_of_a_segment_are_in_one_batch(
    small: Make, make_segments: MakeSegments
) -> None:
    records = Records(make_segments(), np.arange(24), small())
    for batches in (records.epoch(1), records.fixed()):
        segments = [set(rows.segment.tolist()) for rows in batches]
        assert [len(one) for one in segments] == [8, 8, 8]
        assert set.union(*segments) == set(range(24))
        assert sum(len(rows) for rows in batches) == 48
    assert [rows.segment.tolist() for rows in records.epoch(1)] != [
        rows.segment.tolist() for rows in records.fixed()
    ]


@pytest.mark.parametrize("is_apart", [False, True])
def test_static_negatives_stay_and_others_are_drawn_anew(
    small: Make, make_segments: MakeSegments, is_apart: bool
) -> None:
    def epochs(negatives: str) -> list[list[tuple[int, int, int]]]:
        parameters = small(negatives=negatives, triplets_apart=is_apart)
        records = Records(make_segments(), np.arange(24), parameters)
        return [joined(records.epoch(epoch)) for epoch in (1, 2, 1)]

    static, anew = epochs("static"), epochs("per_epoch")
    assert static[0] == static[1] == static[2]
    assert anew[0] == anew[2] != anew[1]


def test_the_order_changes_with_the_epoch_and_no_row_is_lost(
    small: Make, make_segments: MakeSegments
) -> None:
    records = Records(make_segments(), np.arange(24), small(negatives="static"))
    first, second = records.epoch(1), records.epoch(2)
    assert [rows.segment.tolist() for rows in first] != [r.segment.tolist() for r in second]
    assert joined(first) == joined(second) == joined(records.fixed())


def test_infonce_needs_no_negatives(small: Make, make_segments: MakeSegments) -> None:
    records = Records(make_segments(), np.arange(24), small(loss="infonce"))
    assert records.facts() == {"records": 48}
    assert {rows.negative.shape[1] for rows in records.epoch(1)} == {0}


def test_records_without_negatives_are_left_out_and_counted(small: Make) -> None:
    # All say "x" but the last segment, which shares its video with the one before.
    data = CaptionedSegments(
        frames=np.ones((4, 2), np.float32),
        first=np.arange(5),
        video=["a", "b", "c", "c"],
        sentences=["x", "y"],
        sentence_features=np.array([[1, 0], [0.7, 0.7]], np.float32),
        caption=np.array([0, 0, 0, 1]),
        positives=np.array([[0, 0], [1, 0], [2, 0], [3, 1]]),
    )
    records = Records(data, np.arange(4), small())
    assert records.facts()["without_negative"] == 1
    assert records.facts()["triplets"] == 9
    assert {n for n, _, _ in joined(records.epoch(1))} == {0, 1, 3}
    with pytest.raises(InputError, match=r"negatives need sentences of other videos; .* got 2"):
        Records(data, np.array([2, 3]), small())


def test_videos_are_numbered_by_name() -> None:
    assert group_numbers(["b", "a", "b", "10"]).tolist() == [2, 1, 2, 0]


def test_known_positives_by_hand() -> None:
    # Segments 0 and 1 have one caption; segment 2 has the object sentence of segment 0 too.
    data = CaptionedSegments(
        frames=np.ones((4, 2), np.float32),
        first=np.arange(5),
        video=["a", "b", "c", "d"],
        sentences=["same", "object", "third", "fourth"],
        sentence_features=np.ones((4, 2), np.float32),
        caption=np.array([0, 0, 2, 3]),
        positives=np.array([[0, 0], [0, 1], [1, 0], [2, 2], [2, 1], [3, 3]]),
    )
    none = np.zeros((4, 0), dtype=np.int64)
    rows = Rows(np.array([0, 1, 2, 3]), np.array([1, 0, 2, 3]), none)
    expected = [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]
    assert known_positives(data, rows).astype(int).tolist() == expected
