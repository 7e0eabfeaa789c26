"""Segments of any setting from scores that exist: what sweeps and ablations share.

Nothing is scored here. What a setting leaves alone is computed once: scores and features are
read once, similarities per kind of text and number of frames, segments per parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.class_scores import ClassScores, scored_videos
from assets.feature_rows import sampled_features
from assets.labelled import true_segments
from assets.segments import MethodRun
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.localization import Method
from zs_dagster.errors import InputError
from zs_dagster.evaluation.grid import Point
from zs_dagster.home import Home
from zs_dagster.localization.class_filter import class_ranks, video_similarity
from zs_dagster.localization.localizer import EachClass
from zs_dagster.segments import LabelledSegments, Segments

FILTER = ("top_k", "filter_frames", "filter_text")
RATE = "fps"
Pair = tuple[str, str]
Texts = dict[str, dict[str, NDArray[Any]]]
"""Kind of text -> class -> feature (D,)."""


@dataclass(frozen=True, eq=False)
class CachedScores:
    """What was scored of a dataset, read once.

    Attributes:
        dataset: Its description.
        videos: Video -> scores, one item per class that was asked about.
        features: Video -> frame features, shape ``(T, D)``.
        texts: Text features of the classes.
        truth: The true segments.
        known: Encoded video -> its true classes, those of whole videos included.
    """

    dataset: Dataset
    videos: dict[str, list[ClassScores]]
    features: dict[str, NDArray[Any]]
    texts: Texts
    truth: LabelledSegments
    known: dict[str, set[str]]
    _ranks: dict[tuple[str, int], dict[str, dict[str, int]]] = field(default_factory=dict)

    def ranks(self, text_kind: str, n_frames: int) -> dict[str, dict[str, int]]:
        """Return the rank of every class in every video by the class filter, 1 is best."""
        if (text_kind, n_frames) not in self._ranks:
            labels = list(self.texts[text_kind])
            matrix = np.stack(list(self.texts[text_kind].values()))
            self._ranks[text_kind, n_frames] = {
                video: dict(
                    zip(
                        labels,
                        class_ranks(video_similarity(features, matrix, n_frames)).tolist(),
                        strict=True,
                    )
                )
                for video, features in self.features.items()
            }
        return self._ranks[text_kind, n_frames]


def read_scores(home: Home, dataset: Dataset) -> CachedScores:
    """Read all that was scored of a dataset."""
    scored = list(scored_videos(home, dataset.name))
    videos = {scores[0].video_id: scores for scores in scored if scores}
    features = {
        row["video_id"]: sampled_features(home.store, row)["features"]
        for row in home.tables.rows("frame_features", dataset.name)
    }
    texts: Texts = {"name": {}, "description": {}}
    for row in home.tables.rows("class_embeddings", dataset.name):
        if row["text_kind"] in texts:
            entry = home.store.load_arrays("class_embeddings", row["key"])
            texts[row["text_kind"]][row["label"]] = entry["feature"]
    known: dict[str, set[str]] = {video: set() for video in features}
    for row in home.tables.each_row("annotations", dataset.name):
        known.get(row["video_id"], set()).add(row["label"])
    truth = true_segments(home, dataset.name)
    return CachedScores(dataset, videos, features, texts, truth, known)


@dataclass(eq=False)
class CachedPredictions:
    """The segments of one method of a dataset at any setting.

    A setting may change a field of the method's parameters, ``top_k``, ``filter_frames`` or
    ``filter_text`` of the class filter, and ``fps`` (every n-th of the scored frames; the
    class filter looks at the frames it always does).
    """

    scores: CachedScores
    name: str
    _last: tuple[object, dict[tuple[str, str, tuple[str, ...]], Segments]] = (None, {})

    @property
    def method(self) -> Method:
        """The method as the dataset describes it.

        Raises:
            InputError: If there is none of that name.
        """
        methods = self.scores.dataset.localization.methods
        if self.name not in methods:
            raise InputError(f"method must be one of {', '.join(methods)}, got '{self.name}'")
        return methods[self.name]

    def check(self, points: Sequence[Point]) -> None:
        """Refuse settings that mean nothing or that the cached scores cannot answer.

        Raises:
            InputError: For the first such setting.
        """
        for point in points:
            self.started(point)
            self._stride(point)
            self._candidates(point)

    def started(self, point: Point) -> MethodRun:
        """Return the method with the parameters of a setting, checked."""
        tried = {k: v for k, v in point.items() if k not in (*FILTER, RATE)}
        parameters = {**self.method.parameters, **tried}
        return MethodRun.of(
            self.name, self.method.model_copy(update={"parameters": parameters}), {}
        )

    def chosen(self, point: Point) -> list[list[ClassScores]]:
        """Return the scores that a setting looks at: per video one item per class."""
        candidates, stride = self._candidates(point), self._stride(point)
        run, labels = self.started(point), self.scores.dataset.classes
        found = []
        for video, scores in self.scores.videos.items():
            marked = [replace(s, is_candidate=s.label in candidates[video]) for s in scores]
            found.append([_every(s, stride) for s in run.chosen(marked, labels)])
        return found

    def __call__(self, point: Point) -> LabelledSegments:
        """Return the segments of all videos at a setting.

        Segments are taken over from the last setting where its parameters were the same; if
        the localizer looks at all classes of a video, where those were the same too.
        """
        run = self.started(point)
        setting = (run.parameters, self._stride(point))
        if setting != self._last[0]:
            self._last = (setting, {})
        known, is_each = self._last[1], isinstance(run.localize, EachClass)
        found: dict[Pair, Segments] = {}
        for video in self.chosen(point):
            classes = () if is_each else tuple(scores.label for scores in video)
            pairs = {(s.video_id, s.label): s for s in video}
            new = [s for pair, s in pairs.items() if (*pair, classes) not in known]
            for scores, made in zip(new, run.localize(new), strict=True):
                known[scores.video_id, scores.label, classes] = made.segments
            found |= {pair: known[*pair, classes] for pair in pairs}
        return _joined(found)

    def _candidates(self, point: Point) -> dict[str, set[str]]:
        """Return the classes of each video that pass the filter; all of them were scored."""
        options = _filter_options(self.scores.dataset, point)
        ranks = self.scores.ranks(options["filter_text"], options["filter_frames"])
        passed = {
            video: {label for label, rank in ranks[video].items() if rank <= options["top_k"]}
            for video in self.scores.videos
        }
        if self.method.candidates == "filtered":
            self._check_scored(point, passed)
        return passed

    def _check_scored(self, point: Point, passed: dict[str, set[str]]) -> None:
        lacking = {
            video: labels - {scores.label for scores in self.scores.videos[video]}
            for video, labels in passed.items()
        }
        pairs, videos = sum(map(len, lacking.values())), sum(map(bool, lacking.values()))
        if pairs:
            said = ", ".join(f"{k}={v}" for k, v in point.items() if k in FILTER)
            raise InputError(
                f"the cached scores cannot answer {said or 'the present class filter'}: "
                f"{pairs} classes of {videos} videos were never asked about; narrow the grid, "
                f"or set it in dataset '{self.scores.dataset.name}' and run that once, which "
                f"asks {self._questions(lacking)} questions about frames"
            )

    def _questions(self, lacking: dict[str, set[str]]) -> int:
        """Count what a run would have to ask: two questions per frame and class."""
        videos = self.scores.videos
        return sum(2 * len(labels) * len(videos[v][0].time_s) for v, labels in lacking.items())

    def _stride(self, point: Point) -> int:
        scored, wanted = self.scores.dataset.localization.fps, point.get(RATE)
        if wanted is None:
            return 1
        ratio = 0.0
        if isinstance(wanted, int | float) and not isinstance(wanted, bool) and wanted > 0:
            ratio = scored / wanted
        if ratio < 1 or abs(ratio - round(ratio)) > 1e-6:
            raise InputError(
                f"fps must be the scored rate {scored:g} divided by a whole number, got "
                f"{wanted!r}; other rates need `zs-dagster run` with that fps"
            )
        return round(ratio)


def _filter_options(dataset: Dataset, point: Point) -> dict[str, Any]:
    """Return the options of the class filter at a setting, checked as in a dataset file."""
    present = dataset.localization.model_dump(include=set(FILTER))
    options = present | {k: v for k, v in point.items() if k in FILTER}
    for name in ("top_k", "filter_frames"):
        value = options[name]
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{name} must be a whole number >= 1, got {value!r}")
    if options["filter_text"] not in ("name", "description"):
        raise InputError(
            f"filter_text must be name or description, got {options['filter_text']!r}"
        )
    return options


def _every(scores: ClassScores, stride: int) -> ClassScores:
    """Keep every n-th frame; each then stands for the time until the next one kept."""
    if stride == 1:
        return scores
    return replace(
        scores,
        time_s=scores.time_s[::stride],
        confidence=scores.confidence[::stride],
        actionness=scores.actionness[::stride],
        features=scores.features[::stride],
        middle=None if scores.middle is None else scores.middle[::stride],
    )


def _joined(found: dict[Pair, Segments]) -> LabelledSegments:
    counts = [len(segments) for segments in found.values()]
    columns = [
        np.concatenate([getattr(s, name) for s in found.values()] or [np.zeros(0)])
        for name in ("start_s", "end_s", "score")
    ]
    return LabelledSegments(
        np.repeat(np.array([video for video, _ in found], dtype=np.str_), counts),
        np.repeat(np.array([label for _, label in found], dtype=np.str_), counts),
        Segments(*columns),
    )
