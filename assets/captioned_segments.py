"""Captions, frames and sentences of a dataset, joined into what training reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.clip_frames import FramesOf, segment_times
from assets.sentence_embeddings import vocabulary
from assets.sentences import features_of_keys
from zs_dagster.datasets.description import Dataset
from zs_dagster.home import Home
from zs_dagster.joint_embedding.captioned import CaptionedSegments
from zs_dagster.joint_embedding.objects import Concept, pooled, top_concepts
from zs_dagster.joint_embedding.positives import expand, split_pieces
from zs_dagster.models.crops import EVAL

# What `captioned_segments` reads: the assets that its readers depend on.
CAPTIONED = ["videos", "captions", "frame_features", "sentence_embeddings"]
Row = Mapping[str, Any]
Features = NDArray[Any]


def captioned_segments(home: Home, dataset: Dataset, fingerprint: str) -> CaptionedSegments:
    """Return the captioned segments of the videos whose frames were encoded.

    Args:
        home: Of the tables.
        dataset: With its rate of frames and its concepts.
        fingerprint: Of the image encoder.
    """
    rows, frames = _frames(home, dataset, fingerprint)
    texts = Texts.read(home, dataset)
    captions = [str(row["caption"]) for row in rows]
    said = [
        [text, *texts.positives(text, seen)]
        for text, seen in zip(captions, frames, strict=True)
    ]
    sentences = list(dict.fromkeys(text for some in said for text in some))
    place = {text: number for number, text in enumerate(sentences)}
    pairs = [
        (segment, place[text])
        for segment, some in enumerate(said)
        for text in dict.fromkeys(some)
    ]
    return CaptionedSegments(
        frames=np.concatenate(frames) if frames else np.empty((0, 0), np.float16),
        first=np.cumsum([0, *map(len, frames)]).astype(np.int64),
        video=[str(row["video_id"]) for row in rows],
        sentences=sentences,
        sentence_features=texts.features(sentences),
        caption=np.array([place[text] for text in captions], dtype=np.int64),
        positives=np.array(pairs, dtype=np.int64).reshape(-1, 2),
    )


def _frames(
    home: Home, dataset: Dataset, fingerprint: str
) -> tuple[list[Row], list[NDArray[np.float16]]]:
    """Return the captions whose video was encoded, and the frames of each, ``(T, D)``."""
    encoded = {row["video_id"] for row in home.tables.rows("frame_features", dataset.name)}
    videos = {row["video_id"]: row for row in home.tables.rows("videos", dataset.name)}
    found: list[tuple[Row, NDArray[np.float16]]] = []
    banks: dict[str, Any] = {}
    for row in home.tables.rows("captions", dataset.name):
        video = row["video_id"]
        if video not in encoded:
            continue
        if video not in banks:
            known = FramesOf.find(home.store, None, videos[video], fingerprint)
            banks = {video: (known, known.bank)}  # One at a time: it remembers what it reads.
        known, bank = banks[video]
        times = segment_times(known, row["start_s"], row["end_s"], dataset.training.fps)
        found.append((row, bank.gather(times, EVAL)))
    return [row for row, _ in found], [frames for _, frames in found]


@dataclass(frozen=True)
class Texts:
    """Sentences by their features, and the vocabulary of a dataset.

    Attributes:
        keys: Kind and text -> store entry.
        concepts: None where no vocabulary is named.
        concept_features: Shape ``(C, D)``.
    """

    home: Home
    dataset: Dataset
    keys: Mapping[tuple[str, str], str]
    concepts: Sequence[Concept]
    concept_features: Features

    @classmethod
    def read(cls, home: Home, dataset: Dataset) -> "Texts":
        """Read what was encoded."""
        rows = home.tables.rows("sentence_embeddings", dataset.name)
        keys = {(row["text_kind"], row["text"]): row["key"] for row in rows}
        concepts = vocabulary(dataset)
        entries = [keys["concept", one.text] for one in concepts]
        features = features_of_keys(home.store, entries) if entries else np.empty((0, 0))
        return cls(home, dataset, keys, concepts, features)

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the features of captions and pieces, ``(R, S)``."""
        known = [self.keys.get(("caption", one)) or self.keys["piece", one] for one in texts]
        return (
            features_of_keys(self.home.store, known) if known else np.empty((0, 0), np.float32)
        )

    def positives(self, caption: str, frames: Features) -> list[str]:
        """Return sentences about the objects in some frames that fit a caption."""
        training = self.dataset.training
        if not self.concepts or not training.positives:
            return []
        nearest = top_concepts(pooled(frames)[None], self.concept_features, training.objects)[0]
        texts = [
            piece for place in nearest for piece in split_pieces(self.concepts[place].text)
        ]
        pieces = [one for one in dict.fromkeys(texts) if one != caption]
        if not pieces:
            return []
        rows = self.features([caption, *pieces])
        return expand(rows[0], pieces, rows[1:], training.positives)
