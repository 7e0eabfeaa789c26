"""Report values refuse what the page could not show, or must not load."""

import math

import pytest

from zs_dagster.errors import InputError, InvalidSegmentsError
from zs_dagster.report.data import ClassCurves, Span, VideoReview


@pytest.mark.parametrize(
    "src",
    [
        "",
        "data:video/mp4;base64,AAAA",
        "clip.mp4",
        "../videos/my%20clip.mp4",
        "/videos/clip.mp4",
        "file:///data/videos/clip.mp4",
    ],
)
def test_a_local_source_is_accepted(src: str) -> None:
    assert VideoReview("v", src).src == src


@pytest.mark.parametrize(
    "src",
    [
        "https://example.org/clip.mp4",
        "HTTP://example.org/clip.mp4",
        "//example.org/clip.mp4",
        "////example.org/clip.mp4",
        "\\\\example.org/clip.mp4",
        "/\t/example.org/clip.mp4",
        "file://example.org/clip.mp4",
        "file:////example.org/clip.mp4",
        "//[broken",
        "javascript:alert(1)",
        " https://example.org",
    ],
)
def test_a_source_on_a_network_is_refused(src: str) -> None:
    with pytest.raises(InputError, match=r"src of video 'v' must be a data: URI, a file:///"):
        VideoReview("v", src)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_span_has_finite_times_and_score(bad: float) -> None:
    with pytest.raises(InvalidSegmentsError, match=r"must be finite, got Span\(label='a'"):
        Span("a", 0.0, 1.0, bad)
    with pytest.raises(InvalidSegmentsError, match=r"must be finite"):
        Span("a", 0.0, bad)


def test_a_span_does_not_end_before_it_starts() -> None:
    with pytest.raises(InvalidSegmentsError, match=r"must not end before it starts, got Span"):
        Span("a", 2.0, 1.0)


def test_curves_have_one_value_per_time_or_none() -> None:
    assert ClassCurves("a", [0.0, 1.0], start=[0.1, 0.2]).end == ()
    with pytest.raises(InputError, match=r"curve 'end' of class 'a' .* 1 values for 2 times"):
        ClassCurves("a", [0.0, 1.0], end=[0.1])


@pytest.mark.parametrize(
    ("video", "length_s"),
    [
        pytest.param(VideoReview("v", duration_s=5.0), 5.0, id="duration"),
        pytest.param(VideoReview("v", duration_s=math.nan), 0.0, id="unknown"),
        pytest.param(VideoReview("v", duration_s=5.0, predictions=[Span("a", 1, 7, 1)]), 7.0),
        pytest.param(VideoReview("v", curves=[ClassCurves("a", [0.0, 3.0])]), 3.0, id="curve"),
    ],
)
def test_the_time_axis_reaches_the_last_thing_shown(
    video: VideoReview, length_s: float
) -> None:
    assert video.length_s == length_s


def test_predictions_are_ranked_by_score_and_ties_keep_their_order() -> None:
    spans = [Span("a", 0, 1, 0.2), Span("b", 0, 1, 0.9), Span("c", 0, 1, 0.2)]
    assert [s.label for s in VideoReview("v", predictions=spans).ranked] == ["b", "a", "c"]


def test_twenty_predictions_are_shown_or_twice_the_ground_truth() -> None:
    spans, truth = [Span("a", 0, 1, i / 50) for i in range(50)], [Span("a", 0, 1)]
    assert VideoReview("v", predictions=spans).shown == spans[:29:-1]
    assert len(VideoReview("v", predictions=spans, ground_truth=truth * 15).shown) == 30
    assert len(VideoReview("v", predictions=spans[:3]).shown) == 3


def test_the_leading_curves_are_those_of_the_best_prediction_else_a_candidate() -> None:
    curves = [
        ClassCurves("x", [], is_candidate=False),
        ClassCurves("y", []),
        ClassCurves("z", []),
    ]
    best = VideoReview("v", predictions=[Span("z", 0, 1, 0.5)], curves=curves)
    assert best.leading is curves[2]
    assert VideoReview("v", curves=curves).leading is curves[1]
    assert VideoReview("v", curves=curves[:1]).leading is curves[0]
    assert VideoReview("v").leading is None
