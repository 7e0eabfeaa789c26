"""How sure classifiers are, and whether that tells right from wrong."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.classified import Classified
from zs_dagster.classification.calibration import fit_temperature
from zs_dagster.classification.decisions import known_scores
from zs_dagster.classification.softmax import softmax
from zs_dagster.digests import digest
from zs_dagster.evaluation.calibration import reliability
from zs_dagster.evaluation.multi_label import auroc, average_precisions

Row = dict[str, Any]
# Energy is not among them: probabilities no longer hold it.
RULES = ("max_probability", "margin")
MIN_VIDEOS = 20
"""Below this many, half of them say nothing about a temperature."""


def calibration_rows(one: Classified) -> Iterator[Row]:
    """Yield what is known of the confidence of one method on one set.

    ``ece_calibrated``: expected calibration error with a temperature that was fitted on the
    other half of the videos, so never on those it is reported for. ``auroc_<rule>``: the
    probability that a right prediction scores above a wrong one, by the rules that reject
    unknown videos. ``multi_label_mAP`` where videos have several labels.
    """
    of_truth, of_scores = one.scored
    same = {"method": one.method, "split": one.split.name}
    if of_truth.size < MIN_VIDEOS:
        return
    logits, truth = one.log_probability[of_scores], one.outcome.truth[of_truth]
    best = logits.argmax(axis=1)
    is_right = truth[np.arange(len(best)), best]
    first = _first_half([list(one.truth)[row] for row in of_truth])
    # Of several labels the likeliest is the one the prediction is held to.
    target = np.where(truth, logits, -np.inf).argmax(axis=1)
    temperature = np.ones(len(logits))
    for half in (first, ~first):
        temperature[~half] = fit_temperature(logits[half], target[half]).temperature
    sure = softmax(logits / temperature[:, None]).max(axis=1)
    error = reliability(np.minimum(sure, 1.0), is_right).expected_error
    yield same | {"metric": "ece_calibrated", "value": error}
    yield same | {"metric": "temperature", "value": float(temperature.mean())}
    if 0 < is_right.sum() < is_right.size:
        for rule in RULES:
            value = auroc(known_scores(logits, 1.0, rule), is_right)
            yield same | {"metric": f"auroc_{rule}", "value": value}
    if (truth.sum(axis=1) > 1).any():
        mean = float(np.nanmean(average_precisions(np.exp(logits), truth)))
        yield same | {"metric": "multi_label_mAP", "value": mean}


def _first_half(videos: list[str]) -> NDArray[np.bool_]:
    """Divide videos in two halves that do not depend on their order."""
    ranks = np.argsort(np.argsort([digest(video) for video in videos]))
    half: NDArray[np.bool_] = ranks < len(videos) // 2
    return half
