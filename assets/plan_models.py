"""The stages of a plan that run models: how many frames, texts and questions, and FLOPs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assets.annotations import instances
from assets.candidate_classes import candidate_rows
from assets.class_embeddings import embedding_rows, missing_texts
from assets.frame_features import rate_requests
from assets.frame_questions import Wanted, wanted
from assets.planned import Inputs, StagePlan
from resources.library import VideoLibrary
from zs_dagster.errors import ModelError
from zs_dagster.models.clip_cost import ClipCost, clip_cost
from zs_dagster.models.cost import TERA
from zs_dagster.models.estimate import ScoringCost, fingerprint_here
from zs_dagster.models.loading import Models
from zs_dagster.models.profiles import LvlmServer, load_profile
from zs_dagster.models.throughput import device_name, frames_per_second
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.video.header import Header
from zs_dagster.video.sampling import sample_times

Row = dict[str, Any]
# Matches no entry of the store, so that everything counts as to compute.
UNKNOWN_MODEL = "unknown"


@dataclass(frozen=True)
class Job:
    """Frames of one video that the LVLM would look at, and what is asked about each."""

    size: tuple[int, int]
    frames: int
    prompts: Sequence[str]


def plan_features(inputs: Inputs) -> StagePlan:
    """Plan CLIP on frames; leaves the table as far as its entries exist."""
    dataset, store = inputs.dataset, inputs.home.store
    fps, files = dataset.localization.fps, _readable(inputs)
    fingerprint = Models().clip_fingerprint(dataset.profile)
    requests = rate_requests(dataset, store, files, fingerprint)
    rows = [request.row() for request in requests if request.is_done()]
    here = {row["video_id"] for row in rows}
    inputs.home.planned["frame_features"] = rows
    frames = sum(_frames(row, fps) for row in files if row["video_id"] not in here)
    frames += sum(_claimed(header, fps) for header in inputs.headers.values())
    plan = StagePlan(len(requests) - len(here) + len(inputs.headers), len(here))
    return _with_clip(plan, dataset.profile, frames, lambda cost: cost.frame)


def plan_class_embeddings(inputs: Inputs) -> StagePlan:
    """Plan CLIP on texts; leaves the table."""
    profile, store = inputs.dataset.profile, inputs.home.store
    fingerprint = Models().clip_fingerprint(profile)
    rows = embedding_rows(inputs.home, inputs.dataset.name, fingerprint)
    inputs.home.planned["class_embeddings"] = rows
    missing = missing_texts(rows, store)
    plan = StagePlan(len(missing), len({row["key"] for row in rows}) - len(missing))
    return _with_clip(plan, profile, len(missing), lambda cost: cost.text)


def plan_confidence(library: VideoLibrary, inputs: Inputs) -> StagePlan:
    """Plan the LVLM: exactly where the class filter is known, else for the top k."""
    dataset, store = inputs.dataset, inputs.home.store
    fingerprint = fingerprint_here(dataset.profile)
    asked = _asked(library, inputs, fingerprint or UNKNOWN_MODEL)
    missing = {video.video_id: video.missing(store) for video in asked}
    jobs = [_job(video.video, video.fps, missing[video.video_id]) for video in asked]
    assumed = _assumed(inputs, {video.video_id for video in asked})
    reused = sum(len(video.keys()) - len(missing[video.video_id]) for video in asked)
    plan = StagePlan(sum(len(job.prompts) for job in jobs + assumed), reused)
    if assumed:
        k = min(dataset.localization.top_k, len(dataset.classes))
        each = len(assumed[0].prompts) / k
        plan.notes.append(
            f"the class filter has not seen {len(assumed)} videos: {k} classes of {each:g} "
            "prompts are assumed for each"
        )
    if fingerprint is None:
        plan.notes.append("the LVLM is not on this machine: nothing is taken as answered")
    _add_scoring(plan, inputs, [job for job in jobs if job.prompts] + assumed)
    _add_hours(plan, inputs, fingerprint)
    return plan


def _asked(library: VideoLibrary, inputs: Inputs, fingerprint: str) -> list[Wanted]:
    """Return what is asked about the videos whose candidate classes are already decided."""
    dataset, home = inputs.dataset, inputs.home
    kind = dataset.localization.filter_text
    texts = [row for row in home.planned["class_embeddings"] if row["text_kind"] == kind]
    if not inputs.is_drawn or missing_texts(texts, home.store):
        return []
    videos = home.planned["videos"]
    truth = library.annotations(dataset, [row["video_id"] for row in videos])
    kept = {row["video_id"] for row in videos if row["status"] != "excluded"}
    home.planned["annotations"] = instances(truth, kept)
    home.planned["candidate_classes"] = list(candidate_rows(home, dataset))
    return wanted(home, dataset, fingerprint)


def _assumed(inputs: Inputs, known: set[str]) -> list[Job]:
    """Return jobs for the other videos, as if the first classes were their candidates."""
    options = inputs.dataset.localization
    texts = inputs.home.tables.rows("class_queries", inputs.dataset.name)[: options.top_k]
    queries = (ClassQuery(**{k: v for k, v in row.items() if k != "dataset"}) for row in texts)
    prompts = [p for query in queries for p in query.asked(middle=options.score_middle)]
    files = [row for row in _readable(inputs) if row["video_id"] not in known]
    return [_job(row, options.fps, prompts) for row in files] + [
        Job((header.height, header.width), _claimed(header, options.fps), prompts)
        for header in inputs.headers.values()
    ]


def _add_scoring(plan: StagePlan, inputs: Inputs, jobs: Iterable[Job]) -> None:
    """Add forwards and FLOPs of all jobs."""
    profile = inputs.dataset.profile
    cost, shared, naive = ScoringCost(profile), 0.0, 0.0
    for job in jobs:
        plan.lvlm_forwards += job.frames
        plan.lvlm_forwards_naive += job.frames * len(job.prompts)
        of_frame = cost.of(job.size, job.prompts)
        if of_frame is not None:
            shared, naive = shared + job.frames * of_frame[0], naive + job.frames * of_frame[1]
    plan.tflop, plan.tflop_naive = (None, None) if cost.reason else (shared, naive)
    if cost.reason:
        plan.notes.append(f"no FLOPs: {cost.reason}")
    if isinstance(load_profile(profile).lvlm, LvlmServer):
        # A server is sent one request per frame and question; sharing is its own business.
        plan.lvlm_forwards = plan.lvlm_forwards_naive


def _add_hours(plan: StagePlan, inputs: Inputs, fingerprint: str | None) -> None:
    if not plan.lvlm_forwards or fingerprint is None:
        return
    speed = frames_per_second(inputs.home, fingerprint, device_name())
    if speed is None:
        plan.notes.append(f"no hours: no run on this device ({device_name()}) yet")
    else:
        plan.hours = plan.lvlm_forwards / speed / 3600


def _with_clip(
    plan: StagePlan, profile: str, items: int, per_item: Callable[[ClipCost], float]
) -> StagePlan:
    """Add the FLOPs of CLIP; torch is only asked where there is something to compute."""
    if items:
        try:
            cost = clip_cost(load_profile(profile).clip.model)
            plan.tflop = plan.tflop_naive = items * per_item(cost) / TERA
        except ModelError as error:
            plan.tflop = plan.tflop_naive = None
            plan.notes.append(str(error))
    return plan


def _readable(inputs: Inputs) -> list[Row]:
    return [row for row in inputs.home.planned["videos"] if row["status"] == "ok"]


def _job(video: Row, fps: float, prompts: Sequence[str]) -> Job:
    return Job((video["height"], video["width"]), _frames(video, fps), prompts)


def _frames(video: Row, fps: float) -> int:
    """Count sampled frames; a file that shows fewer gives each of its frames once."""
    return min(len(sample_times(video["duration_s"], fps)), int(video["n_frames"]))


def _claimed(header: Header, fps: float) -> int:
    return len(sample_times(header.duration_s, fps))
