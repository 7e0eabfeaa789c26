"""Frames -> CLIP features in the bank of their video, encoded once per content and model."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import dagster as dg

from assets.clip_frames import FramesOf, is_watched, segment_views, wanted_views
from assets.feature_requests import AtRate, OfViews, Request
from assets.feature_rows import VERSION, Video
from assets.stage import model_version, publish, stage
from resources.decoders import DecodersResource
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.description import CAPTIONS, Dataset
from zs_dagster.errors import VideoError
from zs_dagster.frame_features.bank import KIND, Wanted
from zs_dagster.home import Home
from zs_dagster.models.loading import Models
from zs_dagster.models.lvlm.ahead import one_ahead
from zs_dagster.progress import track
from zs_dagster.store import Store
from zs_dagster.video.decoders import Decoders, Sampling

logger = logging.getLogger("zs_dagster.frame_features")


@stage(
    "vision",
    deps=["videos", "captions"],
    version=model_version(VERSION, Models().clip_fingerprint),
    kinds=["pytorch"],
    pool="gpu",
    options=["fps", "fill", "classifiers"],
)
def frame_features(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
    decoders: DecodersResource,
) -> dg.MaterializeResult:
    """One row per readable video: un-normalised CLIP features, fp16, of what is looked at.

    Localization looks at frames of a rate, classification at those its samplers choose and at
    their crops, training at a rate inside captioned segments. Computed are videos, encoded are
    crops of frames.
    """
    dataset = library.dataset(context.partition_key)
    fingerprint = models.get().clip_fingerprint(dataset.profile)
    files = [v for v in home.get().tables.rows("videos", dataset.name) if v["status"] == "ok"]
    with decoders.start(dataset.reader) as pool:
        filling = Filling(pool)
        requests = filling.requests(dataset, home.get(), files, fingerprint)
        missing = [request for request in requests if not request.is_done()]
        streams = pool.sampled_many(filling.samplings(missing))
        for _, frames in track(streams, KIND, len(missing)):
            request = filling.next_request()
            try:
                clip = models.get().clip(dataset.profile)
                # The next chunk comes out of its process while this one is encoded.
                with closing(one_ahead(frames)) as chunks:
                    filling.encoded += request.take(chunks, clip)
            except VideoError as error:
                # One bad file must not stop a night's run; what follows works on the rest.
                filling.leave_out(request.video, error)
    whole = [r for r in requests if r.video["video_id"] not in filling.broken]
    computed = sum(r.video["video_id"] not in filling.broken for r in missing)
    return publish(
        context,
        home.get(),
        (request.row() for request in whole),
        computed=computed,
        reused=len(whole) - computed,
        metadata={"left_out": len(filling.broken), "encoded": filling.encoded},
    )


class Filling:
    """What is under way between decoders and encoder.

    Attributes:
        broken: Ids of videos left out.
        encoded: Crops of frames encoded so far.
    """

    def __init__(self, pool: Decoders) -> None:
        self.broken: set[str] = set()
        self.encoded = 0
        self._pool = pool
        self._under_way: deque[Request] = deque()

    def requests(
        self,
        dataset: Dataset,
        home: Home,
        files: Sequence[dict[str, Any]],
        fingerprint: str,
    ) -> list[Request]:
        """Return what is wanted of each video; nothing of one that nobody looks at."""
        store = home.store
        if dataset.task == "localization":
            return list(rate_requests(dataset, store, files, fingerprint))
        found: list[Request] = []
        views = _views(home, dataset)
        for video in files:
            try:
                known = FramesOf.find(store, self._pool, video, fingerprint)
            except VideoError as error:
                self.leave_out(video, error)
                continue
            wanted = views(known)
            request = OfViews(
                store, video, fingerprint, known.times, wanted, is_watched(dataset)
            )
            if wanted:
                found.append(request)
        return found

    def samplings(self, requests: Sequence[Request]) -> Iterator[Sampling]:
        """Yield what to decode, as the decoders get to it."""
        for request in requests:
            self._under_way.append(request)
            yield request.sampling()

    def next_request(self) -> Request:
        """Return the request whose frames come next."""
        return self._under_way.popleft()

    def leave_out(self, video: Video, error: VideoError) -> None:
        """Say that a video cannot be read after all."""
        logger.warning("%s is left out: %s", video["video_id"], error.reason)
        self.broken.add(video["video_id"])


def _views(home: Home, dataset: Dataset) -> Callable[[FramesOf], Wanted]:
    """Return what says of the frames of a video which of them are wanted."""
    if dataset.task != CAPTIONS:
        return lambda known: wanted_views(dataset, known)
    captions: dict[str, list[dict[str, Any]]] = {}
    for row in home.tables.rows("captions", dataset.name):
        captions.setdefault(row["video_id"], []).append(row)
    fps = dataset.training.fps

    def of_segments(known: FramesOf) -> Wanted:
        about = captions.get(str(known.video["video_id"]), [])
        return segment_views(known, about, fps) if about else {}

    return of_segments


def rate_requests(
    dataset: Dataset, store: Store, files: Sequence[dict[str, Any]], fingerprint: str
) -> list[AtRate]:
    """Return the requests of localization."""
    fps = dataset.localization.fps
    return [AtRate(store, video, fingerprint, fps) for video in files]
