"""What was scored of a dataset is read once, and localized in as few goes as can be."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from numpy.typing import NDArray

from assets.cached_predictions import CachedPredictions
from assets.cached_scores import CachedScores
from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.localizer import EachClass
from zs_dagster.localization.proposals import Proposals

Row = tuple[str, str, float, float, float]


def ordered(scores: CachedScores) -> list[Row]:
    found = CachedPredictions(scores, "zeal")({})
    columns = (found.segments.start_s, found.segments.end_s, found.segments.score)
    names = (found.video_id.tolist(), found.label.tolist())
    return list(zip(*names, *(column.tolist() for column in columns), strict=True))


def test_classes_of_many_videos_are_localized_in_one_go(
    scores: CachedScores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty settings of a dataset would else take thirty runs of each of its videos."""
    calls: list[int] = []
    real = EachClass.__call__

    def counting(self: EachClass, classes: Sequence[ClassScores]) -> list[Proposals]:
        calls.append(len({one.video_id for one in classes}))
        return real(self, classes)

    monkeypatch.setattr(EachClass, "__call__", counting)
    whole = ordered(scores)
    assert calls == [len(scores.videos)]
    monkeypatch.setattr("assets.cached_predictions.SAMPLES_AT_ONCE", 1)
    assert ordered(scores) == whole
    assert calls[1:] == [1] * len(scores.videos)


def test_segments_keep_the_order_of_the_videos_whatever_the_order_of_the_work(
    scores: CachedScores, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = ordered(scores)
    lengths = [len(scores.videos[video][0].time_s) for video in scores.by_length()]
    assert lengths == sorted(lengths)
    monkeypatch.setattr(CachedScores, "by_length", lambda self: list(self.videos)[::-1])
    assert ordered(scores) == usual


def test_features_stay_in_the_store_and_are_read_once_for_several_settings(
    scores: CachedScores, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not any(one.features.size for of in scores.videos.values() for one in of)
    read: list[str] = []
    real = CachedScores.features

    def counting(self: CachedScores, video: str) -> NDArray[Any]:
        read.append(video)
        return real(self, video)

    monkeypatch.setattr(CachedScores, "features", counting)
    fresh = replace(scores, _ranks={})
    fresh.rank([("name", 1), ("name", 4), ("description", 4)])
    fresh.ranks("name", 4)
    assert read == list(scores.encoded)


def test_scores_are_read_once(scores: CachedScores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that share parameters share segments: only the class filter is applied anew."""
    calls: list[str] = []
    real = EachClass.__call__

    def counting(self: EachClass, classes: Sequence[ClassScores]) -> list[Proposals]:
        calls.extend(one.label for one in classes)
        return real(self, classes)

    monkeypatch.setattr(EachClass, "__call__", counting)
    predict = CachedPredictions(scores, "zeal")
    predict({"top_k": 2})
    asked = len(calls)
    predict({"top_k": 1})
    assert asked > 0
    assert len(calls) == asked
    predict({"top_k": 1, "confidence_weight": 0.5})
    assert len(calls) > asked
