"""What was scored of a dataset, held once for many settings; features stay in the store."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.class_scores import ClassScores, scored_videos
from assets.feature_rows import sampled_features
from assets.labelled import true_segments
from zs_dagster.datasets.description import Dataset
from zs_dagster.home import Home
from zs_dagster.localization.class_filter import Ranks, class_ranks, similarity_to_units
from zs_dagster.segments import LabelledSegments
from zs_dagster.similarity import normalised

Setting = tuple[str, int]
"""Of the class filter: kind of text and number of frames."""
NO_FEATURES = np.zeros((0, 0), np.float16)


@dataclass(frozen=True, eq=False)
class CachedScores:
    """What was scored of a dataset, read once.

    Attributes:
        home: Where the features lie.
        dataset: Its description.
        videos: Video -> scores, one item per class that was asked about; without features.
        encoded: Video -> its row of `frame_features`.
        texts: Kind of text -> class -> feature (D,).
        truth: The true segments.
        known: Encoded video -> its true classes, those of whole videos included.
    """

    home: Home
    dataset: Dataset
    videos: dict[str, list[ClassScores]]
    encoded: dict[str, Mapping[str, str]]
    texts: dict[str, dict[str, NDArray[Any]]]
    truth: LabelledSegments
    known: dict[str, set[str]]
    _ranks: dict[Setting, Ranks] = field(default_factory=dict)

    def ranks(self, text_kind: str, n_frames: int) -> Ranks:
        """Return the rank of every class in every video by the class filter, 1 is best."""
        self.rank([(text_kind, n_frames)])
        return self._ranks[text_kind, n_frames]

    def rank(self, settings: Collection[Setting]) -> None:
        """Rank the classes by several settings, in one pass over the features."""
        new = [setting for setting in dict.fromkeys(settings) if setting not in self._ranks]
        units = {kind: normalised(np.stack(list(self.texts[kind].values()))) for kind, _ in new}
        row = {video: i for i, video in enumerate(self.encoded)}
        found = {
            (kind, n): np.zeros((len(row), len(units[kind])), dtype=np.int32) for kind, n in new
        }
        for video in self.encoded if new else ():
            features = self.features(video)
            for (kind, n_frames), ranks in found.items():
                similarity = similarity_to_units(features, units[kind], n_frames)
                ranks[row[video]] = class_ranks(similarity)
        for (kind, n_frames), ranks in found.items():
            self._ranks[kind, n_frames] = Ranks(row, list(self.texts[kind]), ranks)

    def by_length(self) -> list[str]:
        """Return the videos by their number of frames."""
        return sorted(self.videos, key=lambda video: len(self.videos[video][0].time_s))

    def features(self, video: str) -> NDArray[Any]:
        """Read the features of the frames of a video, shape ``(T, D)``."""
        return sampled_features(self.home.store, self.encoded[video])["features"]


def read_scores(home: Home, dataset: Dataset) -> CachedScores:
    """Read all that was scored of a dataset."""
    videos = {
        scores[0].video_id: [_light(one, scores[0]) for one in scores]
        for scores in scored_videos(home, dataset.name)
        if scores
    }
    encoded: dict[str, Mapping[str, str]] = {
        row["video_id"]: {name: row[name] for name in ("bank", "key")}
        for row in home.tables.each_row("frame_features", dataset.name)
    }
    texts: dict[str, dict[str, NDArray[Any]]] = {"name": {}, "description": {}}
    for row in home.tables.rows("class_embeddings", dataset.name):
        if row["text_kind"] in texts:
            entry = home.store.load_arrays("class_embeddings", row["key"])
            texts[row["text_kind"]][row["label"]] = entry["feature"]
    known: dict[str, set[str]] = {video: set() for video in encoded}
    for row in home.tables.each_row("annotations", dataset.name):
        known.get(row["video_id"], set()).add(row["label"])
    truth = true_segments(home, dataset.name)
    return CachedScores(home, dataset, videos, encoded, texts, truth, known)


def _light(one: ClassScores, first: ClassScores) -> ClassScores:
    """Leave the features out, and hold the times of a video once."""
    is_same = np.array_equal(one.time_s, first.time_s)
    return replace(one, features=NO_FEATURES, time_s=first.time_s if is_same else one.time_s)
