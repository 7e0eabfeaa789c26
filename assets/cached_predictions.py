"""Segments of any setting from scores that exist: what sweeps and ablations share.

Nothing is scored here. What a setting leaves alone is computed once: scores are read once,
similarities per kind of text and number of frames, segments per parameters. The features of
the frames stay in the store; classes that are answered alone are answered many at a time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assets.cached_scores import CachedScores
from assets.class_scores import ClassScores
from assets.segments import MethodRun
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.localization import Method
from zs_dagster.errors import InputError
from zs_dagster.evaluation.grid import Point
from zs_dagster.localization.localizer import EachClass
from zs_dagster.segments import FloatArray, LabelledSegments, Segments

FILTER = ("top_k", "filter_frames", "filter_text")
RATE = "fps"
SAMPLES_AT_ONCE = 2**14  # Of classes that are localized together.
Key = tuple[str, str, tuple[str, ...]]
"""Video, class, and the classes it was localized with if that matters."""


@dataclass(eq=False)
class CachedPredictions:
    """The segments of one method of a dataset at any setting.

    A setting may change a field of the method's parameters, ``top_k``, ``filter_frames`` or
    ``filter_text`` of the class filter, and ``fps`` (every n-th of the scored frames; the
    class filter looks at the frames it always does).
    """

    scores: CachedScores
    name: str
    _last: tuple[object, dict[Key, FloatArray]] = (None, {})
    _passed: tuple[object, dict[str, set[str]]] = (None, {})

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
        options = [_filter_options(self.scores.dataset, point) for point in points]
        self.scores.rank([(of["filter_text"], of["filter_frames"]) for of in options])
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

    def chosen(
        self, point: Point, videos: Iterable[str] | None = None
    ) -> Iterator[list[ClassScores]]:
        """Yield the scores that a setting looks at, of all or of some videos in their order.

        Per video one item per class.
        """
        candidates, stride = self._candidates(point), self._stride(point)
        run, labels = self.started(point), self.scores.dataset.classes
        for video in self.scores.videos if videos is None else videos:
            scores = self.scores.videos[video]
            marked = [_marked(s, s.label in candidates[video]) for s in scores]
            yield [_every(s, stride) for s in run.chosen(marked, labels)]

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
        # Classes with equally many frames are the faster the more of them go together.
        videos = self.scores.by_length() if is_each else list(self.scores.videos)
        asked: dict[str, list[Key]] = {}
        left: dict[Key, ClassScores] = {}
        n_samples = 0
        for name, video in zip(videos, self.chosen(point, videos), strict=True):
            classes = () if is_each else tuple(scores.label for scores in video)
            keyed = {(s.video_id, s.label, classes): s for s in video}
            asked[name] = list(keyed)
            left |= {key: s for key, s in keyed.items() if key not in known}
            n_samples += sum(len(s.time_s) for s in video)
            if not is_each or n_samples >= SAMPLES_AT_ONCE:
                known |= self._localized(run, left)
                left, n_samples = {}, 0
        known |= self._localized(run, left)
        return _joined([key for name in self.scores.videos for key in asked[name]], known)

    def _localized(
        self, run: MethodRun, some: Mapping[Key, ClassScores]
    ) -> dict[Key, FloatArray]:
        """Return start, end and score, shape ``(3, N)``, of classes of one or more videos."""
        given = list(some.values())
        if given and not isinstance(run.localize, EachClass):
            features = self.scores.features(given[0].video_id)
            given = [replace(scores, features=features) for scores in given]
        found = [one.segments for one in run.localize(given)] if given else []
        return {
            key: np.array([made.start_s, made.end_s, made.score])
            for key, made in zip(some, found, strict=True)
        }

    def _candidates(self, point: Point) -> dict[str, set[str]]:
        """Return the classes of each video that pass the filter; all of them were scored."""
        options = _filter_options(self.scores.dataset, point)
        if options != self._passed[0]:
            ranks = self.scores.ranks(options["filter_text"], options["filter_frames"])
            passed = {
                video: {c for c, rank in ranks[video].items() if rank <= options["top_k"]}
                for video in self.scores.videos
            }
            if self.method.candidates == "filtered":
                self._check_scored(point, passed)
            self._passed = (options, passed)
        return self._passed[1]

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


def _marked(scores: ClassScores, is_candidate: bool) -> ClassScores:
    if scores.is_candidate == is_candidate:
        return scores
    return replace(scores, is_candidate=is_candidate)


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


def _joined(asked: Sequence[Key], known: Mapping[Key, FloatArray]) -> LabelledSegments:
    found = [known[key] for key in asked]
    counts = [one.shape[1] for one in found]
    names: list[Any] = [
        np.repeat(np.array([key[i] for key in asked], dtype=np.object_), counts) for i in (0, 1)
    ]
    columns = np.concatenate([*found, np.zeros((3, 0))], axis=1)
    return LabelledSegments(names[0], names[1], Segments(*columns))
