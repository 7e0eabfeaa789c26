"""Predictions of the classifiers beside the ground truth, one evaluation set at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.classification.softmax import log_softmax
from zs_dagster.datasets.classification import methods_of
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.evaluation_sets import EvaluationSet, evaluation_sets
from zs_dagster.datasets.splits import load_splits
from zs_dagster.errors import StoreError
from zs_dagster.evaluation.accuracy import RankedClasses, hits
from zs_dagster.evaluation.calibration import Reliability, reliability
from zs_dagster.evaluation.classification import ranked_classes
from zs_dagster.evaluation.label_files import Guess
from zs_dagster.home import Home
from zs_dagster.segments import FloatArray

# What `classified` reads: the assets that its readers depend on.
PREDICTIONS = [
    *("videos", "annotations", "clip_predictions", "zar_predictions", "cezsar_predictions"),
]
SCORES = "class_scores"
Row = dict[str, Any]
Truth = Mapping[str, Sequence[str]]


@dataclass(frozen=True, eq=False)
class Classified:
    """What one method said of one evaluation set.

    Attributes:
        method: Its name.
        split: The set.
        parameters: Everything that was set, JSON.
        truth: Video -> its classes among those of the set; empty without ground truth.
        guesses: Video -> best classes; a video may be missing.
        videos: N videos that were classified.
        log_probability: Shape ``(N, K)``, of each of these and each class of the set.
        skipped: Videos whose adaptation step was not taken.
    """

    method: str
    split: EvaluationSet
    parameters: str
    truth: Truth
    guesses: Mapping[str, Sequence[Guess]]
    videos: tuple[str, ...]
    log_probability: FloatArray
    skipped: int = 0

    @cached_property
    def outcome(self) -> RankedClasses:
        """Truth and ranked classes of the videos with ground truth; needs at least one."""
        known = {video: self.guesses[video] for video in self.truth if video in self.guesses}
        return ranked_classes(self.truth, known, self.split.classes, self.method)

    @cached_property
    def reliability(self) -> Reliability | None:
        """Confidence against accuracy of what was classified and has ground truth."""
        of_truth, of_scores = self.scored
        if not of_truth.size:
            return None
        best = np.exp(self.log_probability[of_scores].max(axis=1))
        return reliability(np.minimum(best, 1.0), hits(self.outcome, 1)[of_truth])

    @property
    def negative_log_likelihood(self) -> float | None:
        """Mean over the same videos of ``-ln p``, p that of any of the classes of a video."""
        of_truth, of_scores = self.scored
        if not of_truth.size:
            return None
        holds = self.outcome.truth[of_truth]
        true_only = np.where(holds, self.log_probability[of_scores], -np.inf)
        return float(-np.logaddexp.reduce(true_only, axis=1).mean())

    @property
    def scored(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the same videos in `truth` and in `log_probability`."""
        place = {video: row for row, video in enumerate(self.videos)}
        both = [(row, place[v]) for row, v in enumerate(self.truth) if v in place]
        pairs = np.array(both, dtype=np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]


def classified(home: Home, dataset: Dataset) -> list[Classified]:
    """Read the predictions of a dataset: set by set, methods in the order they were written.

    Raises:
        StoreError: If they are not those of the dataset as it is described now.
    """
    tables, name = home.tables, dataset.name
    said = tables.rows("clip_classifiers", name) + tables.rows("zar_classifiers", name)
    said += tables.rows("cezsar_classifiers", name)
    rows = tables.rows("clip_predictions", name) + tables.rows("zar_predictions", name)
    rows += tables.rows("cezsar_predictions", name)
    written = {(row["method"], row["split"]): row for row in said}
    guesses = _guesses(rows)
    found = []
    for one in _sets(home, dataset):
        truth = _truth(tables.rows("annotations", name), one)
        for method in method_names(dataset):
            key = (method, one.name)
            if key not in written:
                raise _changed(dataset.name, f"'{method}' on '{one.name}'")
            found.append(_joined(home, one, truth, written[key], guesses.get(key, {})))
    return found


def method_names(dataset: Dataset) -> list[str]:
    """Return the methods of a dataset: CLIP's, ZAR's with and without adaptation, CEZSAR's."""
    classifiers = dataset.classification.classifiers.items()
    return [
        method
        for kind in ("clip", "zar", "cezsar")
        for name, classifier in classifiers
        if classifier.classifier == kind
        for method in methods_of(name, classifier)
    ]


def first_clip_method(dataset: Dataset) -> str | None:
    """Return the method the others are compared with, if there is one."""
    methods = dataset.classification.classifiers
    return next((name for name, one in methods.items() if one.classifier == "clip"), None)


def _sets(home: Home, dataset: Dataset) -> list[EvaluationSet]:
    """Return the sets with something to classify; what cannot be read stays in them.

    It counts as wrong: leaving it out would raise every number in silence.
    """
    videos = home.tables.rows("videos", dataset.name)
    there = [video["video_id"] for video in videos if video["status"] != "excluded"]
    readable = {video["video_id"] for video in videos if video["status"] == "ok"}
    annotated = home.tables.rows("annotations", dataset.name)
    sets = evaluation_sets(dataset, there, annotated, load_splits(dataset))
    return [one for one in sets if readable.intersection(one.videos)]


def _truth(annotated: Sequence[Row], one: EvaluationSet) -> Truth:
    videos, classes = set(one.videos), set(one.classes)
    truth: dict[str, list[str]] = {}
    for row in sorted(annotated, key=lambda row: str(row["video_id"])):
        if row["video_id"] in videos and row["label"] in classes:
            truth.setdefault(row["video_id"], []).append(row["label"])
    return truth


def _guesses(rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, list[Guess]]]:
    found: dict[tuple[str, str], dict[str, list[Guess]]] = {}
    for row in sorted(rows, key=lambda row: int(row["rank"])):
        of_method = found.setdefault((row["method"], row["split"]), {})
        guess = Guess(row["label"], row["probability"], row["rank"])
        of_method.setdefault(row["video_id"], []).append(guess)
    return found


def _joined(
    home: Home, one: EvaluationSet, truth: Truth, row: Row, guesses: dict[str, list[Guess]]
) -> Classified:
    logits = home.store.load_arrays(SCORES, row["scores"])["logits"].astype(np.float64)
    places = home.store.read_document(SCORES, row["scores"])
    videos = tuple(places.get("videos", ()))
    if tuple(places.get("classes", ())) != one.classes or len(videos) != len(logits):
        raise _changed(row["dataset"], f"the classes of '{row['method']}' on '{one.name}'")
    scores = log_softmax(logits) if len(logits) else logits
    said = (row["method"], one, row["parameters"])
    return Classified(*said, truth, guesses, videos, scores, row["skipped"])


def _changed(dataset: str, what: str) -> StoreError:
    return StoreError(
        f"{what} of dataset '{dataset}' changed since its clips were classified; materialise "
        "`clip_predictions`, `zar_predictions` and `cezsar_predictions` first"
    )
