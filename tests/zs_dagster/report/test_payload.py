"""The embedded JSON carries the data, and cannot end the element that carries it."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.report.data import ClassCurves, Span, VideoReview
from zs_dagster.report.payload import script_json, video_payload


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_survives_and_none_can_leave_the_script_element(text: str) -> None:
    written = script_json({"label": text})
    assert json.loads(written) == {"label": text}
    assert written.isascii()
    assert not set("<>&") & set(written)


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "\u2028", "\u2029", "\udcff"])
def test_known_ways_out_are_closed(text: str) -> None:
    assert text not in script_json(text)
    assert json.loads(script_json(text)) == text


def test_spans_point_into_the_labels_and_come_best_first() -> None:
    payload = video_payload(
        VideoReview(
            "v",
            "data:video/mp4;base64,AA",
            duration_s=9.5,
            ground_truth=[Span("jump", 1.00049, 2.0)],
            predictions=[Span("jump", 1, 2, 0.123456), Span("swing", 3, 4, 0.25)],
        )
    )
    assert payload["labels"] == ["jump", "swing"]
    assert payload["truth"] == [[0, 1.0, 2.0]]
    assert payload["predictions"] == [[1, 3, 4, 0.25], [0, 1, 2, 0.1235]]
    assert (payload["id"], payload["length"], payload["shown"]) == ("v", 9.5, 2)
    assert payload["src"] == "data:video/mp4;base64,AA"


def test_curves_are_rounded_and_gaps_are_null() -> None:
    curves = ClassCurves(
        "jump",
        time_s=np.array([0.0, 1 / 3]),
        start=np.array([0.12346, math.nan], np.float32),
        is_candidate=False,
    )
    payload = video_payload(VideoReview("v", curves=[ClassCurves("a", []), curves]))
    assert payload["curves"][1] == {
        "label": "jump",
        "candidate": False,
        "time": 1,
        "start": [0.1235, None],
        "end": [],
        "actionness": [],
    }
    assert payload["times"] == [[], [0.0, 0.333]]
    assert payload["leading"] == 0
    json.loads(script_json(payload))


def test_classes_sampled_alike_share_their_times() -> None:
    curves = [ClassCurves("a", [0.0, 1.0]), ClassCurves("b", np.array([0.0, 1.0]))]
    payload = video_payload(VideoReview("v", curves=curves))
    assert payload["times"] == [[0.0, 1.0]]
    assert [c["time"] for c in payload["curves"]] == [0, 0]


def test_a_prediction_without_a_score_counts_as_zero() -> None:
    payload = video_payload(VideoReview("v", predictions=[Span("a", 0, 1)]))
    assert payload["predictions"] == [[0, 0, 1, 0.0]]


def test_an_unreadable_video_has_no_source_to_play() -> None:
    video = VideoReview("v", "clip.mp4", status="unreadable", reason="truncated")
    assert video_payload(video)["src"] == ""
    assert video_payload(video)["leading"] == -1
