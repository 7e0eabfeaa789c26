"""A world of concepts, some never trained on: do losses and sampler learn what they should?

The sizes and thresholds are those of a published-style toy: 24-d concepts, frames and sentences
two random views of them, 100 concepts to train on, 20 others to recognise; chance is 5 %.
"""

from pathlib import Path

import numpy as np
import pytest

from zs_dagster.joint_embedding.captioned import CaptionedSegments
from zs_dagster.joint_embedding.model import JointModel
from zs_dagster.joint_embedding.parameters import with_overrides
from zs_dagster.joint_embedding.scoring import class_scores
from zs_dagster.joint_embedding.training import train

SEEN, EACH, UNSEEN, VIDEOS, T, D, S, Z = 100, 10, 20, 20, 8, 32, 24, 24
PARAMETERS = {
    "residual": False,
    "d_model": 64,
    "joint": 32,
    "feed_forward": 64,
    "frames": T,
    "frame_norm": False,
    "lr": 1e-3,
    "epochs": 15,
}


class Toy:
    """Concepts with frames and sentences; a seen concept is one video of ten segments."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._to_frame = self._rng.normal(size=(Z, D)) / Z**0.5
        self._to_sentence = self._rng.normal(size=(Z, S)) / Z**0.5
        concepts = self._rng.normal(size=(SEEN + UNSEEN, Z))
        seen = np.repeat(np.arange(SEEN), EACH)
        count, numbers = len(seen), np.arange(len(seen))
        self.data = CaptionedSegments(
            frames=self._frames(concepts[seen]).reshape(-1, D),
            first=np.arange(count + 1) * T,
            video=[f"concept {n}" for n in seen],
            sentences=[f"sentence {n}" for n in numbers],
            sentence_features=self._sentences(concepts[seen]),
            caption=numbers,
            positives=np.stack([numbers, numbers], axis=1),
        )
        self._label = np.repeat(np.arange(UNSEEN), VIDEOS)
        self._videos = self._frames(concepts[SEEN + self._label])
        self._classes = self._sentences(concepts[SEEN:])

    def accuracy(self, model: JointModel) -> float:
        """Return top-1 among the unseen concepts."""
        scores = class_scores(
            model.embed_videos(list(self._videos)),
            model.embed_sentences(self._classes),
            np.arange(UNSEEN),
            UNSEEN,
        )
        return float((scores.argmax(axis=1) == self._label).mean())

    def _frames(self, concepts: np.ndarray) -> np.ndarray:
        clean = (concepts @ self._to_frame)[:, None]
        noisy = clean + 0.6 * self._rng.normal(size=(len(concepts), T, D))
        return np.asarray(noisy, dtype=np.float32)

    def _sentences(self, concepts: np.ndarray) -> np.ndarray:
        clean = concepts @ self._to_sentence
        noisy = clean + 0.3 * self._rng.normal(size=clean.shape)
        return np.asarray(noisy, dtype=np.float32)


@pytest.mark.parametrize(
    ("changes", "least"),
    [
        ({"d_min": 0.0, "d_max": 2.0}, 0.70),  # negatives from anywhere
        ({}, 0.85),  # negatives from the band
        ({"loss": "infonce"}, 0.90),
    ],
    ids=["triplet-uniform", "triplet-band", "infonce"],
)
def test_unseen_concepts_are_recognised(
    tmp_path: Path, changes: dict[str, object], least: float
) -> None:
    toy = Toy(0)
    parameters = with_overrides("default", {**PARAMETERS, **changes})
    trained = train(toy.data, parameters, state=tmp_path / "state")
    best = trained.history[int(trained.metrics["best_epoch"])]
    assert toy.accuracy(trained.model) >= least
    assert toy.accuracy(trained.model.untrained()) <= 0.30
    assert best["validation_loss"] <= 0.5 * trained.history[0]["validation_loss"]
