"""What is said of confidence: on planted temperatures, and on videos of several classes."""

import numpy as np
import pytest

from assets.class_calibration import MIN_VIDEOS, calibration_rows
from assets.classified import Classified
from zs_dagster.classification.softmax import log_softmax, softmax
from zs_dagster.datasets.evaluation_sets import EvaluationSet
from zs_dagster.evaluation.label_files import Guess

CLASSES = ("a", "b", "c")


def predicted(
    log_probability: np.ndarray, truth: dict[str, list[str]], videos: list[str] | None = None
) -> Classified:
    names = videos or list(truth)
    order = np.argsort(-log_probability, axis=1)
    guesses = {
        video: [
            Guess(CLASSES[k], float(np.exp(row[k])), rank) for rank, k in enumerate(best, 1)
        ]
        for video, row, best in zip(names, log_probability, order, strict=True)
    }
    asked = EvaluationSet("all", CLASSES, tuple(names))
    return Classified("clip", asked, "{}", truth, guesses, tuple(names), log_probability)


def planted(n: int, temperature: float) -> Classified:
    """Draw labels from softmaxes, and report these too sure by a temperature."""
    draw = np.random.default_rng(0)
    logits = draw.normal(0, 2, (n, 3))
    labels = [draw.choice(3, p=row) for row in softmax(logits)]
    truth = {f"video {i}": [CLASSES[k]] for i, k in enumerate(labels)}
    return predicted(log_softmax(logits * temperature), truth)


def numbers(one: Classified) -> dict[str, float]:
    return {row["metric"]: row["value"] for row in calibration_rows(one)}


def test_a_planted_temperature_is_found_and_lowers_the_error() -> None:
    one = planted(2000, temperature=3.0)
    found = numbers(one)
    assert found["temperature"] == pytest.approx(3.0, rel=0.1)
    assert one.reliability is not None
    assert found["ece_calibrated"] < one.reliability.expected_error / 3
    assert found["auroc_max_probability"] > 0.6
    assert found["auroc_margin"] > 0.6
    assert "multi_label_mAP" not in found


def test_nothing_is_said_of_few_videos() -> None:
    assert numbers(planted(MIN_VIDEOS - 1, 1.0)) == {}
    assert numbers(planted(MIN_VIDEOS, 1.0))


def test_the_order_of_videos_changes_nothing() -> None:
    one = planted(60, temperature=2.0)
    names = list(one.truth)[::-1]
    turned = predicted(one.log_probability[::-1], {v: list(one.truth[v]) for v in names}, names)
    assert numbers(turned) == pytest.approx(numbers(one))


def test_videos_of_several_classes_have_a_mean_average_precision() -> None:
    n = MIN_VIDEOS
    scores = log_softmax(np.tile([[3.0, 2.0, 0.0], [0.0, 1.0, 3.0]], (n // 2, 1)))
    truth = {f"v{i}": (["a", "b"] if i % 2 == 0 else ["c"]) for i in range(n)}
    assert numbers(predicted(scores, truth))["multi_label_mAP"] == pytest.approx(1.0)
    swapped = {f"v{i}": (["c"] if i % 2 == 0 else ["a", "b"]) for i in range(n)}
    # Each class comes last: half of the list is wrong before the first right one.
    expected = pytest.approx(0.5)
    assert numbers(predicted(scores, swapped))["multi_label_mAP"] == expected
