"""Pictures are PNG, small, equal for equal input, and survive any name."""

import io

import numpy as np
import pytest
from PIL import Image

from zs_dagster.errors import InputError
from zs_dagster.report import drawing
from zs_dagster.report.data import ClassCurves, MetricRow, Span, VideoReview
from zs_dagster.report.png import one_line
from zs_dagster.report.timeline import metrics_png, timeline_png

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ODD_NAMES = ["$\\frac$", "$", "</script>", "a\nb\tc", "\udce9", "跳高", "", "x" * 500]


def video(label: str = "jump", shift: float = 0.0) -> VideoReview:
    time = np.arange(0.0, 30.0)
    return VideoReview(
        label,
        duration_s=30.0,
        ground_truth=[Span(label, 3.0, 9.0)],
        predictions=[Span(label, 4.0 + shift, 9.5 + shift, 0.8), Span("other", 0, 5, 0.2)],
        curves=[ClassCurves(label, time, time / 30, 1 - time / 30, 0.2 + time / 300)],
    )


def crowd(n_classes: int = 40, n_predictions: int = 2000) -> VideoReview:
    rng = np.random.default_rng(0)
    names = [f"class {i}" for i in range(n_classes)]
    starts = rng.uniform(0, 590, n_predictions)
    rows = zip(rng.integers(n_classes, size=n_predictions), starts, strict=True)
    predictions = [Span(names[k], s, s + 9.0, float(rng.random())) for k, s in rows]
    time = np.arange(0, 600, 0.25)
    noise = rng.random((3, time.size))
    truth = [Span(name, 10.0 * i, 10.0 * i + 8) for i, name in enumerate(names)]
    curves = [ClassCurves(name, time, *noise) for name in names]
    return VideoReview("crowd", "", 600.0, truth, predictions, curves)


def opened(png: bytes) -> Image.Image:
    assert png.startswith(SIGNATURE)
    return Image.open(io.BytesIO(png)).convert("RGB")


def share(image: Image.Image, colour: str) -> float:
    """Return the share of pixels that have exactly this colour, allowing for reduction."""
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return float((np.abs(np.asarray(image, int) - wanted).max(axis=-1) <= 6).mean())


def test_a_timeline_shows_truth_and_prediction_at_full_width() -> None:
    image = opened(timeline_png(video()))
    assert image.width == 900
    assert share(image, drawing.TRUTH) > 0.002
    assert share(image, drawing.PREDICTION) > 0.002


def test_a_moved_prediction_is_drawn_elsewhere() -> None:
    def columns(shift: float) -> np.ndarray:
        pixels = np.asarray(opened(timeline_png(video(shift=shift))), int)
        wanted = [int(drawing.PREDICTION[i : i + 2], 16) for i in (1, 3, 5)]
        found = (np.abs(pixels[55:110, 190:] - wanted).max(axis=-1) <= 6).any(axis=0)
        return np.flatnonzero(found)

    # The axis is 696 pixels for 30 seconds, so 10 seconds are 232 pixels.
    assert columns(10.0).min() - columns(0.0).min() == pytest.approx(232, abs=2)


def test_a_weaker_prediction_is_paler() -> None:
    image = opened(timeline_png(video()))
    strong, weak = (image.crop((190, top, 880, top + 26)) for top in (50, 76))
    assert share(strong, drawing.PREDICTION) > 0.01
    assert share(weak, drawing.PREDICTION) == 0
    assert share(weak, drawing.FACE) < 0.95


def test_every_shown_prediction_is_drawn() -> None:
    spans = [Span("a", start, start + 1.0, 0.5) for start in (0.0, 10.0, 20.0)]
    image = opened(timeline_png(VideoReview("v", duration_s=30.0, predictions=spans)))
    line = np.asarray(image.crop((188, 68, 884, 69)), int)[0]  # Through the predictions.
    is_drawn = np.abs(line - np.array([0xC2, 0x57, 0x1A])).max(axis=-1) <= 6
    assert np.count_nonzero(np.diff(is_drawn.astype(int)) == -1) == 3


@pytest.mark.parametrize("n_classes", [1, 40])
def test_many_segments_stay_below_the_limit(n_classes: int) -> None:
    png = timeline_png(crowd(n_classes))
    assert len(png) < 100_000
    assert opened(png).width == 900


def test_a_tighter_limit_costs_pixels_and_an_impossible_one_says_so() -> None:
    png = timeline_png(crowd(), max_bytes=20_000)
    assert len(png) <= 20_000
    assert opened(png).width < 900
    with pytest.raises(InputError, match=r"max_bytes must be at least \d+ .*, got 100"):
        timeline_png(video(), max_bytes=100)


@pytest.mark.parametrize(
    "empty",
    [
        pytest.param(VideoReview("v"), id="nothing"),
        pytest.param(VideoReview("v", duration_s=float("nan")), id="unknown-length"),
        pytest.param(VideoReview("v", status="unreadable", reason="$ cut"), id="unreadable"),
        pytest.param(VideoReview("v", curves=[ClassCurves("a", [])]), id="no-samples"),
        pytest.param(VideoReview("v", predictions=[Span("a", 1, 1, 0.0)]), id="zero-length"),
        pytest.param(
            VideoReview("v", curves=[ClassCurves("a", [0, 1], [np.nan, np.nan])]), id="gaps"
        ),
    ],
)
def test_missing_parts_still_give_a_picture(empty: VideoReview) -> None:
    assert opened(timeline_png(empty)).width == 900


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_can_be_drawn(name: str) -> None:
    opened(timeline_png(video(name)))
    opened(metrics_png([MetricRow(name, values={name: 0.5})], metric=name))


def test_text_is_cut_to_one_printable_line() -> None:
    assert one_line("a\n b\u200b\udce9", 10) == "a b?"
    assert one_line("slides left", 8) == "slid…eft"


def test_bars_with_and_without_numbers() -> None:
    rows = [
        MetricRow("zeal", "", {"average_mAP": 0.31}, (0.27, 0.36), highlight=True),
        MetricRow("random", "", {"average_mAP": float("nan")}),
        MetricRow("other"),
    ]
    assert share(opened(metrics_png(rows)), drawing.TRUTH) > 0.02
    assert opened(metrics_png([])).width == 900


def test_equal_input_gives_equal_pictures() -> None:
    assert timeline_png(video()) == timeline_png(video())
    rows = [MetricRow("zeal", "", {"average_mAP": 0.31})]
    assert metrics_png(rows) == metrics_png(rows)
