"""Frames -> CLIP features in the bank of their video, encoded once per content and model."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import dagster as dg

from assets.captions import caption_rows, captions_of
from assets.clip_frames import FramesOf, is_watched, segment_views, wanted_views
from assets.feature_encoding import encode, leave_out
from assets.feature_requests import AtRate, OfViews, Request
from assets.feature_rows import VERSION
from assets.stage import model_version, publish, stage
from resources.compute import ComputeResource
from resources.decoders import DecodersResource
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.caption_lint import lint_captions
from zs_dagster.datasets.description import CAPTIONS, Dataset
from zs_dagster.errors import VideoError
from zs_dagster.frame_features.bank import KIND, Wanted
from zs_dagster.home import Home
from zs_dagster.models.loading import Models
from zs_dagster.store import Store
from zs_dagster.video.decoders import Decoders

Views = Callable[[FramesOf], Wanted]


@stage(
    "vision",
    # The captions as files: the table is for the datasets that train, this is for all.
    deps=["videos", "caption_files"],
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
    compute: ComputeResource,
) -> dg.MaterializeResult:
    """One row per readable video: un-normalised CLIP features, fp16, of what is looked at.

    Localization looks at frames of a rate, classification at those its samplers choose and at
    their crops, training at a rate inside captioned segments. Computed are videos, encoded are
    crops of frames.
    """
    dataset = library.dataset(context.partition_key)
    fingerprint = models.get().clip_fingerprint(dataset.profile)
    videos = home.get().tables.rows("videos", dataset.name)
    files = [video for video in videos if video["status"] == "ok"]
    views = _views(dataset, library, videos)
    with decoders.start(dataset.reader) as pool:
        requests, broken = wanted_of(dataset, home.get(), files, fingerprint, pool, views)
    missing = [request for request in requests if not request.is_done()]
    work = partial(encode, models=models.get(), profile=dataset.profile)
    outcomes = compute.run(KIND, missing, work, decoders.opener(dataset.reader), home.get())
    broken |= {str(outcome["video_id"]) for outcome in outcomes if outcome["is_broken"]}
    whole = [r for r in requests if r.video["video_id"] not in broken]
    computed = sum(r.video["video_id"] not in broken for r in missing)
    return publish(
        context,
        home.get(),
        (request.row() for request in whole),
        computed=computed,
        reused=len(whole) - computed,
        metadata={
            "left_out": len(broken),
            "encoded": sum(outcome["encoded"] for outcome in outcomes),
        },
    )


def wanted_of(
    dataset: Dataset,
    home: Home,
    files: Sequence[dict[str, Any]],
    fingerprint: str,
    pool: Decoders,
    views: Views,
) -> tuple[list[Request], set[str]]:
    """Return what is wanted of each video that is looked at, and the videos left out."""
    if dataset.task == "localization":
        return list(rate_requests(dataset, home.store, files, fingerprint)), set()
    found: list[Request] = []
    broken: set[str] = set()
    for video in files:
        try:
            known = FramesOf.find(home.store, pool, video, fingerprint)
        except VideoError as error:
            leave_out(video, error)
            broken.add(video["video_id"])
            continue
        wanted = views(known)
        request = OfViews(
            home.store, video, fingerprint, known.times, wanted, is_watched(dataset)
        )
        if wanted:
            found.append(request)
    return found, broken


def _views(
    dataset: Dataset, library: VideoLibrary, videos: Sequence[Mapping[str, Any]]
) -> Views:
    """Return what says of the frames of a video which of them are wanted.

    Raises:
        DatasetError: If the captions have an error; `captions` tells the warnings.
    """
    if dataset.task != CAPTIONS:
        return lambda known: wanted_views(dataset, known)
    evidence = captions_of(library, dataset, videos)
    errors = [one for one in lint_captions(evidence) if one.severity == "error"]
    captions: dict[str, list[dict[str, Any]]] = {}
    for row in caption_rows(dataset, evidence, errors):
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
