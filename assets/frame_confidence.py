"""Frames and questions -> P(yes), asked once per video content, question and model."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import numpy as np

from assets.decoding import decoded_from, sampling
from assets.stage import model_version, stage, versioned
from resources.decoders import DecodersResource
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.description import Dataset
from zs_dagster.digests import digest
from zs_dagster.errors import VideoError
from zs_dagster.home import Home
from zs_dagster.models.loading import declared_lvlm
from zs_dagster.models.protocols import YesNoScorer
from zs_dagster.progress import track
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.store import Store
from zs_dagster.tables import part_name
from zs_dagster.video.frames import Frames

logger = logging.getLogger("zs_dagster.frame_confidence")
KIND = "frame_confidence"
VERSION = "1"


@dataclass(frozen=True)
class Wanted:
    """The questions of one video.

    Attributes:
        video: Row of the table `videos`.
        queries: The classes to ask about.
        fps: Frames per second to sample.
        fingerprint: Of the LVLM.
    """

    video: dict[str, Any]
    queries: Sequence[ClassQuery]
    fps: float
    fingerprint: str

    @property
    def video_id(self) -> str:
        """The video."""
        return str(self.video["video_id"])

    def missing(self, store: Store) -> list[str]:
        """Return the prompts without an answer in the store."""
        return [p for p, key in self.keys().items() if not store.has_arrays(KIND, key)]

    def key(self, prompt: str) -> str:
        """Name the store entry of one question about all sampled frames of the video."""
        made_of = (*decoded_from(self.video), self.fps, self.fingerprint, prompt)
        return digest(KIND, VERSION, *made_of)

    def asked(self) -> list[list[str]]:
        """Return label, start and end prompt of each class."""
        return [[query.label, *query.prompts()] for query in self.queries]

    def keys(self) -> dict[str, str]:
        """Return the key of each prompt; classes may share one."""
        return {
            prompt: self.key(prompt) for query in self.queries for prompt in query.prompts()
        }


@stage(
    "localization",
    deps=["videos", "class_queries", "candidate_classes"],
    version=model_version(VERSION, declared_lvlm),
    kinds=["pytorch"],
    pool="gpu",
    options=["fps", "score_known_classes"],
)
def frame_confidence(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
    decoders: DecodersResource,
) -> dg.MaterializeResult:
    """P(yes) of the start and the end question per sampled frame and candidate class."""
    dataset, tables = library.untrimmed(context.partition_key), home.get().tables
    store = home.get().store
    videos = _wanted(home.get(), dataset, models.get().lvlm_fingerprint(dataset.profile))
    missing = {v.video_id: v.missing(store) for v in videos if v.missing(store)}
    unscored = [video for video in videos if video.video_id in missing]
    broken = set()
    with decoders.start(dataset.reader) as pool:
        requests = [sampling(video.video, video.fps) for video in unscored]
        streams = zip(unscored, pool.sampled_many(requests), strict=True)
        for video, (_, frames) in track(streams, KIND, len(unscored)):
            try:
                prompts = missing[video.video_id]
                _score(video, prompts, frames, models.get().scorer(dataset.profile), store)
            except VideoError as error:
                # The file was fine when it was probed; what follows works on the rest.
                logger.warning("%s is left out: %s", video.video_id, error.reason)
                broken.add(video.video_id)
    scored = [video for video in videos if video.video_id not in broken]
    parts = [_tabulate(video, home.get(), dataset.name) for video in scored]
    tables.keep_parts(KIND, dataset.name, parts)
    rows = [{"video_id": v.video_id, "asked": v.asked(), "keys": v.keys()} for v in scored]
    computed = sum(len(prompts) for v, prompts in missing.items() if v not in broken)
    total = sum(len(row["keys"]) for row in rows)
    metadata = {"left_out": len(broken)}
    return versioned(rows, computed=computed, reused=total - computed, metadata=metadata)


def _wanted(home: Home, dataset: Dataset, fingerprint: str) -> list[Wanted]:
    """Return what is asked about each video."""
    options = dataset.localization
    queries = _queries_by_video(home, dataset.name, known=options.score_known_classes)
    files = {row["video_id"]: row for row in home.tables.rows("videos", dataset.name)}
    return [
        Wanted(files[video_id], asked, options.fps, fingerprint)
        for video_id, asked in queries.items()
    ]


# What plans a run uses the same function.
wanted = _wanted


def _queries_by_video(home: Home, dataset: str, *, known: bool) -> dict[str, list[ClassQuery]]:
    texts = {}
    for row in home.tables.rows("class_queries", dataset):
        row.pop("dataset")
        texts[row["label"]] = ClassQuery(**row)
    queries: dict[str, list[ClassQuery]] = {}
    for row in home.tables.rows("candidate_classes", dataset):
        asked = queries.setdefault(row["video_id"], [])
        if row["is_candidate"] or (known and row["is_known"]):
            asked.append(texts[row["label"]])
    return queries


def _score(
    wanted: Wanted,
    prompts: Sequence[str],
    chunks: Iterable[Frames],
    scorer: YesNoScorer,
    store: Store,
) -> None:
    """Ask the missing questions in one pass over the frames; entries appear when it is done."""
    times, answers = [], []
    for frames in chunks:
        answers.append(scorer.score(frames.rgb, prompts))
        times.append(frames.time_s)
    p_yes, time_s = np.concatenate(answers), np.concatenate(times)
    for column, prompt in enumerate(prompts):
        store.save_arrays(
            KIND, wanted.key(prompt), {"p_yes": p_yes[:, column], "time_s": time_s}
        )


def _tabulate(wanted: Wanted, home: Home, dataset: str) -> str:
    """Write the scores of a video as a table for SQL, named by what is in it."""
    content = [wanted.asked(), wanted.keys()]
    part = part_name(wanted.video["video_id"], content)
    if not home.tables.has(KIND, dataset, part):
        rows = [row for query in wanted.queries for row in _rows(wanted, query, home.store)]
        home.tables.replace_part(KIND, dataset, wanted.video["video_id"], content, rows)
    return part


def _rows(wanted: Wanted, query: ClassQuery, store: Store) -> Iterator[dict[str, Any]]:
    start, end = (store.load_arrays(KIND, wanted.key(prompt)) for prompt in query.prompts())
    for time_s, p_start, p_end in zip(
        start["time_s"], start["p_yes"], end["p_yes"], strict=True
    ):
        yield {
            "video_id": wanted.video["video_id"],
            "label": query.label,
            "time_s": float(time_s),
            "p_start": float(p_start),
            "p_end": float(p_end),
        }
