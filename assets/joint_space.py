"""A trained joint space as a classifier uses it: prototypes of classes, points of videos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assets.cezsar_model import KIND
from assets.clip_frames import FramesOf, uniform_times
from assets.sentence_embeddings import vocabulary
from assets.sentences import Sentences
from zs_dagster.datasets.class_texts import read_class_texts
from zs_dagster.datasets.classification import CezsarClassifier
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import StoreError
from zs_dagster.home import Home
from zs_dagster.joint_embedding.modes import video_embedding
from zs_dagster.joint_embedding.objects import object_text, pooled, top_concepts
from zs_dagster.joint_embedding.prototypes import (
    ClassSentences,
    choose_sentences,
    clean_sentences,
)
from zs_dagster.models.crops import EVAL
from zs_dagster.models.loading import Models
from zs_dagster.models.sentences import CLIP

if TYPE_CHECKING:
    from zs_dagster.joint_embedding.model import JointModel

Features = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Points:
    """Videos and prototypes in one space.

    Attributes:
        videos: Shape ``(N, J)``.
        prototypes: Shape ``(P, J)``.
        owner: Shape ``(P,)``, the place of the class of each.
    """

    videos: Features
    prototypes: Features
    owner: NDArray[np.int64]


@dataclass(frozen=True)
class TrainedSpace:
    """The joint space of a dataset with captions.

    Attributes:
        source: That dataset.
        row: Of the table `cezsar_model`.
        sentences: The encoder it was trained with.
        concepts: The encoder of its vocabulary.
    """

    home: Home
    source: Dataset
    row: Mapping[str, Any]
    sentences: Sentences
    concepts: Sentences

    @classmethod
    def find(cls, home: Home, source: Dataset, models: Models) -> "TrainedSpace":
        """Find the model of a dataset.

        Raises:
            StoreError: If there is none, or it was trained with other encoders than the
                profile has now.
        """
        if not home.tables.has("cezsar_model", source.name):
            raise _untrained(source, "is not trained yet")
        (row,) = home.tables.rows("cezsar_model", source.name)
        said = (home.store, models, source.profile)
        space = cls(
            home, source, row, Sentences(*said, row["text_encoder"]), Sentences(*said, CLIP)
        )
        now = (models.clip_fingerprint(source.profile), space.sentences.fingerprint)
        if (row["clip"], row["sentence_encoder"]) != now:
            raise _untrained(source, f"was trained with other encoders than '{source.profile}'")
        return space

    @cached_property
    def model(self) -> "JointModel":
        """The trained model."""
        # Imported here: it needs torch.
        from zs_dagster.joint_embedding.model import JointModel

        key, store = self.row["model"], self.home.store
        document = store.load_document(KIND, key)
        if document is None:
            raise _untrained(self.source, "is no longer in the store")
        return JointModel.from_entry(store.load_arrays(KIND, key), document)

    def object_features(self, frames: Sequence[Features], count: int) -> Features:
        """Return a sentence feature ``(N, S)`` of the objects in each video."""
        concepts = vocabulary(self.source)
        known = self.concepts.features([one.text for one in concepts])
        nearest = top_concepts(np.stack([pooled(one) for one in frames]), known, count)
        return self.sentences.features([object_text(concepts, places) for places in nearest])


def _untrained(source: Dataset, what: str) -> StoreError:
    return StoreError(
        f"the joint space of dataset '{source.name}' {what}; run "
        f"`zs-dagster run {source.name}` first"
    )


def class_sentences(
    classifier: CezsarClassifier,
    dataset: Dataset,
    descriptions: Mapping[str, str],
    encoder: Sentences,
) -> list[ClassSentences]:
    """Return the sentences of every class of a dataset, cleaned and chosen.

    Raises:
        DatasetError: If a class has no text.
    """
    texts: Mapping[str, Sequence[str]] = {k: [text] for k, text in descriptions.items()}
    if isinstance(classifier.texts, Path):
        texts = read_class_texts(classifier.texts, dataset.classes)
    limits = {"min_words": classifier.min_words, "max_words": classifier.max_words}
    cleaned = {label: clean_sentences(texts[label], **limits) for label in dataset.classes}
    names = [dataset.prompt_names[label] for label in dataset.classes]
    every = list(dict.fromkeys([*names, *(one for some in cleaned.values() for one in some)]))
    known = dict(zip(every, encoder.features(every), strict=True))
    return [
        choose_sentences(some, _rows(known, some), name, known[name], classifier.max_sentences)
        for name, some in zip(names, cleaned.values(), strict=True)
    ]


def _rows(known: Mapping[str, Features], texts: Sequence[str]) -> Features:
    return np.stack([known[text] for text in texts]) if texts else np.empty((0, 0))


def points(
    classifier: CezsarClassifier,
    space: TrainedSpace,
    sentences: Sequence[ClassSentences],
    frames: Sequence[Features],
) -> tuple[Points, Points]:
    """Embed N videos and the sentences of K classes, trained and as before training."""
    texts = [text for one in sentences for text in one.sentences]
    owner = np.repeat(np.arange(len(sentences)), [len(one.sentences) for one in sentences])
    features = space.sentences.features(texts)
    objects = None
    if classifier.mode != "visual":
        objects = space.object_features(frames, classifier.objects)
    weights = (1 - classifier.object_share, classifier.object_share)

    def embedded(model: "JointModel") -> Points:
        videos = video_embedding(
            classifier.mode,
            model.embed_videos(frames),
            None if objects is None else model.embed_sentences(objects),
            weights=weights,
            mix_normalise=classifier.mix_normalise,
        )
        return Points(videos, model.embed_sentences(features), owner)

    return embedded(space.model), embedded(space.model.untrained())


def frames_for(classifier: CezsarClassifier, known: FramesOf) -> Features:
    """Return the features ``(T, D)`` of the frames that a classifier looks at."""
    times = uniform_times(known, classifier.frames)
    return known.bank.gather(times, EVAL).astype(np.float32)
