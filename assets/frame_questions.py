"""What is asked about the frames of each video: the work list of `frame_confidence`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from assets.decoding import decoded_from
from assets.feature_rows import sampled_features
from zs_dagster.datasets.description import Dataset
from zs_dagster.digests import digest
from zs_dagster.frame_confidence.economy import Economy
from zs_dagster.frame_confidence.task import KIND, Samples, ScoringTask
from zs_dagster.home import Home
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.store import Store

VERSION = "1"


@dataclass(frozen=True)
class Wanted:
    """The questions of one video.

    Attributes:
        video: Row of the table `videos`.
        queries: The classes to ask about.
        fps: Frames per second to sample.
        fingerprint: Of the LVLM.
        features: Row of `frame_features`: CLIP features of the same frames.
        economy: Which frames are asked.
        middle: Whether the middle question is asked too, of classes that have one.
    """

    video: dict[str, Any]
    queries: Sequence[ClassQuery]
    fps: float
    fingerprint: str
    features: Mapping[str, Any]
    economy: Economy = field(default_factory=Economy)
    middle: bool = False

    @property
    def video_id(self) -> str:
        """The video."""
        return str(self.video["video_id"])

    def missing(self, store: Store) -> list[str]:
        """Return the prompts without an answer in the store."""
        return [p for p, key in self.keys().items() if not store.has_arrays(KIND, key)]

    def key(self, prompt: str) -> str:
        """Name the store entry of one question about all sampled frames of the video."""
        return digest(KIND, VERSION, *self._made_of(), prompt)

    def asked(self) -> list[list[str]]:
        """Return label and prompts of each class: start, end, perhaps middle."""
        return [[query.label, *query.asked(middle=self.middle)] for query in self.queries]

    def keys(self) -> dict[str, str]:
        """Return the key of each prompt."""
        return {prompt: self.key(prompt) for prompt in self.prompts()}

    def prompts(self) -> list[str]:
        """Return the different prompts; classes may share one."""
        asked = (prompt for _, *prompts in self.asked() for prompt in prompts)
        return list(dict.fromkeys(asked))

    def task(self, store: Store) -> ScoringTask:
        """Return what is left to do, less what a killed run has kept."""
        missing = {prompt: self.key(prompt) for prompt in self.missing(store)}
        samples = Samples(**sampled_features(store, self.features))
        return ScoringTask(
            store, digest(VERSION, *self._made_of()), missing, samples, self.economy
        )

    def _made_of(self) -> list[object]:
        saved = [] if self.economy.is_exact else [asdict(self.economy)]
        # Which frames repeat each other is told from their features.
        alike = [] if self.economy.repeat_similarity is None else [self.features["bank"]]
        return [*decoded_from(self.video), self.fps, self.fingerprint, *saved, *alike]


def wanted(home: Home, dataset: Dataset, fingerprint: str) -> list[Wanted]:
    """Return what is asked about each video."""
    options = dataset.localization
    economy = Economy(**options.economy.model_dump())
    queries = _queries_by_video(home, dataset.name, known=options.score_known_classes)
    files = {row["video_id"]: row for row in home.tables.rows("videos", dataset.name)}
    features = {
        row["video_id"]: row for row in home.tables.rows("frame_features", dataset.name)
    }
    return [
        Wanted(
            files[name],
            asked,
            options.fps,
            fingerprint,
            features[name],
            economy,
            options.score_middle,
        )
        for name, asked in queries.items()
    ]


def _queries_by_video(home: Home, dataset: str, *, known: bool) -> dict[str, list[ClassQuery]]:
    texts = {}
    for row in home.tables.rows("class_queries", dataset):
        row.pop("dataset")
        texts[row["label"]] = ClassQuery(**row)
    queries: dict[str, list[ClassQuery]] = {}
    for row in home.tables.each_row("candidate_classes", dataset):
        asked = queries.setdefault(row["video_id"], [])
        if row["is_candidate"] or (known and row["is_known"]):
            asked.append(texts[row["label"]])
    return queries
