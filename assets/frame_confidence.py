"""Frames and questions -> P(yes), asked once per video content, question and model."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import dagster as dg

from assets.frame_answers import ask
from assets.frame_questions import VERSION, Wanted, wanted
from assets.stage import RowsVersion, model_version, stage
from resources.compute import ComputeResource
from resources.decoders import DecodersResource
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from resources.ray_workers import Outcome
from zs_dagster.frame_confidence.task import KIND
from zs_dagster.home import Home
from zs_dagster.models import throughput
from zs_dagster.models.loading import declared_lvlm
from zs_dagster.store import Arrays
from zs_dagster.tables import part_name


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
    compute: ComputeResource,
) -> dg.MaterializeResult:
    """P(yes) of the questions on each candidate class: start, end, perhaps middle."""
    dataset, tables = library.untrimmed(context.partition_key), home.get().tables
    store = home.get().store
    fingerprint = models.get().lvlm_fingerprint(dataset.profile)
    videos = wanted(home.get(), dataset, fingerprint)
    missing = {v.video_id: len(left) for v in videos if (left := v.missing(store))}
    unscored = [video for video in videos if video.video_id in missing]
    work = partial(ask, home=home.get(), models=models.get(), profile=dataset.profile)
    outcomes = compute.run(KIND, unscored, work, decoders.opener(dataset.reader), home.get())
    _remember_speed(home.get(), fingerprint, outcomes)
    broken = {str(outcome["video_id"]) for outcome in outcomes if outcome["is_broken"]}
    scored = [video for video in videos if video.video_id not in broken]
    older = tables.parts_about(KIND, dataset.name, [video.video_id for video in scored])
    version, parts = RowsVersion(), []
    for video in scored:
        keys = video.keys()
        version.add([{"video_id": video.video_id, "asked": video.asked(), "keys": keys}])
        parts.append(_tabulate(video, keys, home.get(), dataset.name, older[video.video_id]))
    tables.keep_parts(KIND, dataset.name, parts)
    computed = sum(count for video, count in missing.items() if video not in broken)
    total = sum(len(video.prompts()) for video in scored)
    metadata = {
        "left_out": len(broken),
        "frames_asked": sum(outcome["frames"] for outcome in outcomes),
    }
    return version.result(computed=computed, reused=total - computed, metadata=metadata)


def _remember_speed(home: Home, fingerprint: str, outcomes: Sequence[Outcome]) -> None:
    """Let the next dry run say hours."""
    for device in sorted({outcome["device"] for outcome in outcomes if outcome["frames"]}):
        there = [outcome for outcome in outcomes if outcome["device"] == device]
        throughput.record(
            home,
            fingerprint,
            device,
            frames=sum(outcome["frames"] for outcome in there),
            answers=sum(outcome["answers"] for outcome in there),
            seconds=sum(outcome["seconds"] for outcome in there),
        )


def _tabulate(
    wanted: Wanted, keys: Mapping[str, str], home: Home, dataset: str, older: Sequence[str]
) -> str:
    """Write the scores of a video as a table for SQL, named by what is in it."""
    part = part_name(wanted.video_id, [wanted.asked(), keys])
    if part not in older:
        answers = {prompt: home.store.load_arrays(KIND, key) for prompt, key in keys.items()}
        rows = [row for asked in wanted.asked() for row in _rows(wanted, answers, *asked)]
        home.tables.replace_part(KIND, dataset, part, rows, older)
    return part


def _rows(
    wanted: Wanted,
    answers: Mapping[str, Arrays],
    label: str,
    start: str,
    end: str,
    middle: str | None = None,
) -> Iterator[dict[str, Any]]:
    def p_yes(prompt: str) -> Any:  # noqa: ANN401 - an array
        return answers[prompt]["p_yes"].tolist()

    time_s = answers[start]["time_s"].tolist()
    between = [None] * len(time_s) if middle is None else p_yes(middle)
    for shown, *said in zip(time_s, p_yes(start), p_yes(end), between, strict=True):
        yield {
            "video_id": wanted.video["video_id"],
            "label": label,
            "time_s": shown,
            **dict(zip(("p_start", "p_end", "p_middle"), said, strict=True)),
        }
