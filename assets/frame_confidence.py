"""Frames and questions -> P(yes), asked once per video content, question and model."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg
import numpy as np

from assets.decoding import sampling
from assets.frame_questions import VERSION, Wanted, wanted
from assets.stage import model_version, stage, versioned
from resources.decoders import DecodersResource
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.errors import VideoError
from zs_dagster.frame_confidence.asking import Mask
from zs_dagster.frame_confidence.task import KIND, ScoringTask
from zs_dagster.home import Home
from zs_dagster.models import answers, throughput
from zs_dagster.models.loading import Models, declared_lvlm
from zs_dagster.models.protocols import YesNoScorer
from zs_dagster.progress import track
from zs_dagster.store import Store
from zs_dagster.tables import part_name
from zs_dagster.video.decoders import Decoders, Sampling

logger = logging.getLogger("zs_dagster.frame_confidence")


@stage(
    "localization",
    deps=["videos", "class_queries", "frame_features", "candidate_classes"],
    version=model_version(VERSION, declared_lvlm),
    kinds=["pytorch"],
    pool="gpu",
    options=["fps", "score_known_classes", "score_middle", "economy"],
)
def frame_confidence(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
    decoders: DecodersResource,
) -> dg.MaterializeResult:
    """P(yes) of the questions on each candidate class: start, end, perhaps middle."""
    dataset, tables = library.untrimmed(context.partition_key), home.get().tables
    store = home.get().store
    fingerprint = models.get().lvlm_fingerprint(dataset.profile)
    videos = wanted(home.get(), dataset, fingerprint)
    missing = {v.video_id: len(left) for v in videos if (left := v.missing(store))}
    unscored = [video for video in videos if video.video_id in missing]
    with decoders.start(dataset.reader) as pool:
        asked = Asking(store, pool, lambda: models.get().scorer(dataset.profile))
        asked.about(unscored)
    _remember_speed(home.get(), fingerprint, models.get(), asked)
    if asked.n_frames:
        answers.record(home.get(), fingerprint, models.get().answers(dataset.profile))
    scored = [video for video in videos if video.video_id not in asked.broken]
    older = tables.parts_about(KIND, dataset.name, [video.video_id for video in scored])
    parts = [_tabulate(v, home.get(), dataset.name, older[v.video_id]) for v in scored]
    tables.keep_parts(KIND, dataset.name, parts)
    rows = ({"video_id": v.video_id, "asked": v.asked(), "keys": v.keys()} for v in scored)
    computed = sum(count for video, count in missing.items() if video not in asked.broken)
    total = sum(len(video.prompts()) for video in scored)
    metadata = {"left_out": len(asked.broken), "frames_asked": asked.n_frames}
    return versioned(rows, computed=computed, reused=total - computed, metadata=metadata)


def _remember_speed(home: Home, fingerprint: str, models: Models, asked: "Asking") -> None:
    """Let the next dry run say hours."""
    if asked.n_frames:
        throughput.record(
            home,
            fingerprint,
            throughput.device_name(models.device),
            frames=asked.n_frames,
            answers=asked.n_answers,
            seconds=asked.seconds,
        )


class Asking:
    """Puts videos to the model; one that cannot be read is left out, the rest goes on.

    Attributes:
        broken: Ids of the videos left out.
        n_frames: Frames the model was asked about; twice where a second look was taken.
        n_answers: Its answers: frames times prompts.
        seconds: From the first frame of each video to the last answer about it.
    """

    def __init__(self, store: Store, pool: Decoders, scorer: Callable[[], YesNoScorer]) -> None:
        self.broken: set[str] = set()
        self.n_frames = self.n_answers = 0
        self.seconds = 0.0
        self._store, self._pool, self._scorer = store, pool, scorer
        self._under_way: deque[tuple[Wanted, ScoringTask, Mask]] = deque()

    def about(self, videos: Sequence[Wanted]) -> None:
        """Ask in looks: the answers to one decide what is asked in the next."""
        left = list(videos)
        while left:
            again = []
            streams = self._pool.sampled_many(self._requests(left))
            for _, frames in track(streams, KIND, len(left)):
                video, task, look = self._under_way.popleft()
                scorer, started = self._scorer(), time.monotonic()
                try:
                    chunks = ((chunk.rgb, chunk.time_s) for chunk in frames)
                    task.ask(look, chunks, scorer.score_stream)
                except VideoError as error:
                    # The file was fine when it was probed; what follows works on the rest.
                    logger.warning("%s is left out: %s", video.video_id, error.reason)
                    self.broken.add(video.video_id)
                    continue
                self.seconds += time.monotonic() - started
                self.n_frames += int(look.any(axis=1).sum())
                self.n_answers += int(look.sum())
                if task.next_look().any():
                    again.append(video)
                else:
                    task.finish()
            left = again

    def _requests(self, videos: Sequence[Wanted]) -> Iterator[Sampling]:
        """Yield what to decode, as the decoders get to it."""
        for video in videos:
            task = video.task(self._store)
            look = task.next_look()
            if not look.any():
                task.finish()  # A killed run had asked everything.
                continue
            self._under_way.append((video, task, look))
            frames = look.any(axis=1)
            picks = None if frames.all() else np.flatnonzero(frames).tolist()
            yield sampling(video.video, video.fps, picks)


def _tabulate(wanted: Wanted, home: Home, dataset: str, older: Sequence[str]) -> str:
    """Write the scores of a video as a table for SQL, named by what is in it."""
    content = [wanted.asked(), wanted.keys()]
    part = part_name(wanted.video_id, content)
    if part not in older:
        rows = [row for asked in wanted.asked() for row in _rows(wanted, home.store, *asked)]
        home.tables.replace_part(KIND, dataset, part, rows, older)
    return part


def _rows(
    wanted: Wanted, store: Store, label: str, start: str, end: str, middle: str | None = None
) -> Iterator[dict[str, Any]]:
    def p_yes(prompt: str) -> Any:  # noqa: ANN401 - an array
        return store.load_arrays(KIND, wanted.key(prompt))["p_yes"].tolist()

    time_s = store.load_arrays(KIND, wanted.key(start))["time_s"].tolist()
    between = [None] * len(time_s) if middle is None else p_yes(middle)
    for shown, *said in zip(time_s, p_yes(start), p_yes(end), between, strict=True):
        yield {
            "video_id": wanted.video["video_id"],
            "label": label,
            "time_s": shown,
            **dict(zip(("p_start", "p_end", "p_middle"), said, strict=True)),
        }
