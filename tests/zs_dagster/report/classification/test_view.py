"""Order, marks and bounds of what the page shows."""

import math

import pytest

from zs_dagster.report.classification import view
from zs_dagster.report.classification.data import ClassificationReport, Clip


def clip(
    name: str = "v", truth: str | None = "jump", png: bytes | None = None, **guesses: str | None
) -> Clip:
    found = {method: [(label, 0.5)] if label else [] for method, label in guesses.items()}
    return Clip(name, truth, png, "uniform:2", [0.5, 1.5], found)


def test_the_worst_class_is_first_and_an_unknown_one_last() -> None:
    given = [("a", 3, 1.0), ("b", 2, 0.0), ("c", 0, math.nan), ("d", 9, 0.0), ("e", 9, 0.0)]
    assert [row[0] for row in view.worst_first(given)] == ["d", "e", "b", "a", "c"]


@pytest.mark.parametrize(("share", "width"), [(0, 0), (0.25, 40), (1, 160), (math.nan, 0)])
def test_bars_start_at_zero_and_end_at_all(share: float, width: float) -> None:
    assert view.bar_width(share) == width


def test_another_class_or_none_is_wrong_where_the_truth_is_known() -> None:
    seen = clip(clip="jump", zar="run", silent=None)
    assert [view.is_wrong(seen, m) for m in ("clip", "zar", "silent", "absent")] == [
        False,
        True,
        True,
        False,
    ]
    assert view.wrong_marks(seen, ["clip", "zar", "silent"]) == "1 2"
    assert view.wrong_marks(clip(truth=None, zar="run"), ["zar"]) == ""


def test_a_search_finds_name_truth_and_best_guesses() -> None:
    guesses = {"clip": [("run", 0.6), ("swim", 0.4)], "zar": []}
    found = view.search_text(Clip("v.mp4", "jump", None, "", [], guesses))
    assert found.split("\n") == ["v.mp4", "jump", "run"]


def test_methods_of_guesses_keep_the_order_of_the_table() -> None:
    report = ClassificationReport("d", "t", [], [], [], [clip(b="x", a="y")], [], {}, [])
    assert view.guessers(report) == ["b", "a"]


def test_few_clips_are_all_full() -> None:
    clips = [clip(str(i), png=b"png" if i % 2 else None) for i in range(20)]
    assert view.split_clips(clips) == (clips, [])


def test_of_many_pictures_evenly_spaced_ones_are_full() -> None:
    clips = [clip(str(i), png=b"png") for i in range(1000)]
    full, rest = view.split_clips(clips)
    assert [int(c.video_id) for c in full] == list(range(0, 1000, 5))
    assert [int(c.video_id) for c in rest] == [i for i in range(1000) if i % 5]


def test_pictures_go_before_clips_without_and_none_is_lost() -> None:
    clips = [clip(str(i), png=b"png" if i >= 300 else None) for i in range(450)]
    full, rest = view.split_clips(clips)
    assert [int(c.video_id) for c in full] == [*range(50), *range(300, 450)]
    assert [int(c.video_id) for c in rest] == list(range(50, 300))


def test_times_are_those_of_the_frames_shown() -> None:
    assert view.times(clip()) == "0.50, 1.50 s"
    many = Clip("v", None, None, "", [float(i) for i in range(31)], {})
    assert view.times(many).startswith("0.00, 2.00, 4.00")
    assert view.times(many).endswith("30.00 s (16 of 31)")
    assert view.times(Clip("v", None, None, "", [], {})) == ""


def test_parameters_are_the_entries_of_the_json() -> None:
    text = '{"pooling": "mean", "k": 5, "weights": [1, 0.5], "text": "é"}'
    expected = [("pooling", "mean"), ("k", "5"), ("weights", "[1, 0.5]"), ("text", "é")]
    assert view.parameters(text) == expected
    assert view.parameters("[1]") == [("", "[1]")]
    assert view.parameters("not json") == [("", "not json")]
    assert view.parameters("") == []
