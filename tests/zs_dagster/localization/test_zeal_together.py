"""Many classes at once get to the last bit what each gets alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.errors import InputError
from zs_dagster.localization import soft_nms_each as module
from zs_dagster.localization import stacked_scores
from zs_dagster.localization.candidates import spread_out, spread_out_rows
from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.parameters import PRESETS, with_overrides
from zs_dagster.localization.soft_nms import soft_nms
from zs_dagster.localization.soft_nms_each import soft_nms_each
from zs_dagster.localization.zeal import localize, localize_classes
from zs_dagster.segments import Segments

CHANGES: tuple[dict[str, float], ...] = (
    {},
    {"min_gap_s": 0.9},
    {"min_gap_samples": 1, "soft_nms_sigma": 0.3, "merge_tiou": 0.4},
    {"top_fraction": 0.05, "max_length_fraction": 0.3},
    {"min_score": 0.35, "merge_tiou": 0.6},
)


def video(seed: int, *, is_rounded: bool) -> list[ClassScores]:
    """Twelve classes: some with fewer samples, one constant; eighths make ties abound."""
    generator = np.random.default_rng(seed)
    time_s = np.cumsum(generator.random(int(generator.integers(0, 60))) + 0.1)
    made = []
    for label in range(12):
        shown = time_s if label % 5 else time_s[: time_s.size // 2]
        confidence = generator.random((shown.size, 2))
        actionness = generator.uniform(-0.2, 0.4, shown.size)
        if is_rounded:
            confidence, actionness = np.round(confidence * 8) / 8, np.round(actionness * 8) / 8
        if label == 3:
            confidence[:, 1] = 0.5
        end_s = float(shown[-1] + 0.5) if shown.size else 0.0
        empty = np.zeros((shown.size, 0))
        made.append(
            ClassScores(
                "v", str(label), True, False, shown, confidence, actionness, end_s, empty, empty
            )
        )
    return made


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: "-".join(changes) or "usual")
def test_classes_together_equal_each_alone(preset: str, changes: dict[str, float]) -> None:
    parameters, count = with_overrides(preset, changes), 0
    for seed in range(12):
        classes = video(seed, is_rounded=seed % 2 == 0)
        for one, together in zip(classes, localize_classes(classes, parameters), strict=True):
            alone = localize(one.confidence, one.actionness, one.time_s, one.end_s, parameters)
            assert together.reason == alone.reason
            np.testing.assert_array_equal(together.samples, alone.samples)
            for column in ("start_s", "end_s", "score"):
                np.testing.assert_array_equal(
                    getattr(together.segments, column), getattr(alone.segments, column)
                )
            count += len(alone)
    assert count > 20


def test_a_broken_class_among_others_is_refused() -> None:
    classes = video(1, is_rounded=False)
    classes[7].confidence[2, 0] = np.nan
    with pytest.raises(InputError, match="confidence must be finite, got nan; 1 of"):
        localize_classes(classes, PRESETS["default"])


def videos(*shifts: float) -> list[ClassScores]:
    """Videos of as many samples, shown at other times."""
    classes = video(1, is_rounded=False)
    return [
        replace(one, video_id=str(shift), time_s=one.time_s + shift, end_s=one.end_s + shift)
        for shift in shifts
        for one in classes
    ]


def test_videos_together_equal_each_alone_and_are_checked_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    classes, parameters = videos(0.0, 0.25, 7.0), PRESETS["default"]
    alone = [
        localize(one.confidence, one.actionness, one.time_s, one.end_s, parameters)
        for one in classes
    ]
    # Only what breaks a rule is looked at by itself, to say which.
    monkeypatch.delattr(stacked_scores, "frame_scores")
    together = localize_classes(classes, parameters)
    assert sum(map(len, alone)) > 20
    for one, other in zip(together, alone, strict=True):
        assert one.segments.start_s.tolist() == other.segments.start_s.tolist()
        assert one.segments.end_s.tolist() == other.segments.end_s.tolist()
        assert one.segments.score.tolist() == other.segments.score.tolist()


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (lambda one: {"time_s": one.time_s[::-1]}, "time_s must increase strictly"),
        (lambda one: {"time_s": one.time_s * np.inf}, "time_s must be finite"),
        (lambda one: {"end_s": one.time_s[-1] - 0.01}, "end_s must not lie before the last"),
        (lambda _: {"end_s": np.nan}, "end_s must be finite"),
        (lambda one: {"actionness": one.actionness[1:]}, "actionness must have shape"),
        (lambda one: {"confidence": one.confidence + 1}, "confidence must lie in"),
    ],
)
def test_a_broken_video_among_others_is_refused(
    broken: Callable[[ClassScores], dict[str, Any]], rule: str
) -> None:
    classes = videos(0.0, 1.0)
    classes[17] = replace(classes[17], **broken(classes[17]))
    with pytest.raises(InputError, match=rule):
        localize_classes(classes, PRESETS["default"])


def test_no_classes_give_nothing() -> None:
    assert localize_classes([], PRESETS["default"]) == []


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.booleans())
def test_rows_spread_out_as_each_alone(seed: int, gap: int, is_later_first: bool) -> None:
    generator = np.random.default_rng(seed)
    rows = np.round(generator.random((5, int(generator.integers(1, 40)))) * 8)
    rows[rows < 3] = -np.inf
    found = spread_out_rows(rows, gap, is_later_first=is_later_first)
    position = np.arange(rows.shape[1], dtype=np.float64)
    expected = [
        (number, sample)
        for number, row in enumerate(rows)
        for sample in spread_out(
            np.flatnonzero(row > -np.inf), row, position, gap, is_later_first=is_later_first
        )
    ]
    assert list(zip(*found, strict=True)) == expected


@pytest.mark.parametrize("largest", [1, 20, 1024])
def test_soft_nms_in_step_equals_each_alone(
    largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the tables do not fit and owners are split into blocks."""
    monkeypatch.setattr(module, "MAX_TABLE", largest)
    generator = np.random.default_rng(0)
    owner = np.sort(generator.choice([0, 2, 3, 7, 8], 90))
    first = generator.integers(0, 40, 90)
    samples = np.column_stack([first, first + generator.integers(1, 9, 90)])
    samples = samples[np.lexsort((samples[:, 1], samples[:, 0], owner))]
    start_s, end_s = samples[:, 0] * 0.3, samples[:, 1] * 0.3 + 0.3
    given_ = Segments(start_s, end_s, np.round(generator.random(90), 1))
    kept, score = soft_nms_each(given_, samples, owner, sigma=0.4, min_score=0.1)
    parts = [
        (np.flatnonzero(owner == one), given_.take(owner == one)) for one in np.unique(owner)
    ]
    alone = [(rows, soft_nms(part, sigma=0.4, min_score=0.1)) for rows, part in parts]
    assert kept.tolist() == [row for rows, found in alone for row in rows[found[0]]]
    assert score.tolist() == [value for _, found in alone for value in found[1]]


def test_total_suppression_leaves_numbers() -> None:
    """A decay of nothing, times the mark of what was taken, would be no number."""
    twins = Segments.from_rows([(0, 4, 0.9), (0, 4, 0.8), (0, 4, 0.7)])
    kept, score = soft_nms(twins, sigma=1e-15, min_score=0)
    assert kept.tolist() == [0, 1, 2]
    assert score[0] == 0.9
    assert (score[1:] < 1e-300).all()
