"""What a run would compute, told without computing: from files, store and header probes.

Each stage is planned by the functions that its asset itself uses, on the rows that the run
would find. Stages that compute from tables, in seconds and without a model, are left out:
annotations, candidate classes, segments, metrics, report.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assets.class_queries import ClassQueriesConfig
from assets.plan_models import plan_class_embeddings, plan_confidence, plan_features
from assets.planned import Inputs, PlannedHome, StagePlan
from assets.videos import known_facts, video_row
from resources.decoders import DecodersResource
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import VideoError
from zs_dagster.models.loading import Models
from zs_dagster.queries.cache import cached_query
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.sources import from_template
from zs_dagster.video.header import Header

UNWRITTEN = " (not written yet)"


def plan_run(name: str, class_queries: Mapping[str, Any]) -> dict[str, StagePlan]:
    """Plan the job ``localize`` of one dataset.

    Args:
        name: Of the dataset.
        class_queries: Configuration of the asset ``class_queries``.

    Raises:
        InputError: If the dataset, its questions or its ground truth break a rule.
    """
    home = HomeResource()
    library = VideoLibrary(home=home)
    inputs, videos = _plan_videos(library, library.untrimmed(name), home)
    return {
        "videos": videos,
        "class_queries": _plan_queries(library, inputs, ClassQueriesConfig(**class_queries)),
        "frame_features": plan_features(inputs),
        "class_embeddings": plan_class_embeddings(inputs),
        "frame_confidence": plan_confidence(library, inputs),
    }


def _plan_videos(
    library: VideoLibrary, dataset: Dataset, home: HomeResource
) -> tuple[Inputs, StagePlan]:
    files, undrawn = library.planned_files(dataset)
    known = known_facts(dataset, files, home.get().store)
    new = [path for path, facts in known.items() if facts is None]
    headers, refused = _read_headers(dataset, [path for path in new if path not in undrawn])
    rows = [
        video_row(dataset, video_id, path, known.get(path))
        for video_id, path in files.items()
        if path not in new
    ]
    plan = StagePlan(len(new), len(known) - len(new))
    if undrawn:
        plan.notes.append(f"{len(undrawn)} videos are drawn first")
    if headers:
        plan.notes.append(f"{len(headers)} files are new; their headers tell the frames")
    plan.notes += [f"{path.name} will be left out: {why}" for path, why in refused.items()]
    planned = PlannedHome(home.get().root, {"videos": rows})
    return Inputs(dataset, planned, {**undrawn, **headers}, not undrawn), plan


def _read_headers(
    dataset: Dataset, paths: Sequence[Path]
) -> tuple[dict[Path, Header], dict[Path, str]]:
    if not paths:
        return {}, {}
    with DecodersResource().start(dataset.reader) as pool:
        found = dict(pool.header_many(paths))
    headers = {path: said for path, said in found.items() if isinstance(said, Header)}
    refused = {
        path: said.reason for path, said in found.items() if isinstance(said, VideoError)
    }
    return headers, refused


def _plan_queries(
    library: VideoLibrary, inputs: Inputs, config: ClassQueriesConfig
) -> StagePlan:
    """Plan the questions; leaves the table. No language model is asked."""
    dataset, store = inputs.dataset, inputs.home.store
    config.check(dataset)
    writer = library.query_writer(dataset, Models())
    stored = [cached_query(writer.key(label), store) for label in dataset.classes]
    found = [query or writer.known(label, store) for label, query in _named(dataset, stored)]
    queries = [query or _unwritten(label, dataset) for label, query in _named(dataset, found)]
    inputs.home.planned["class_queries"] = [config.applied_to(q).row() for q in queries]
    new = stored.count(None)
    plan = StagePlan(new, len(stored) - new)
    if None in found:
        plan.notes.append(f"a model is yet to write {found.count(None)} classes")
    return plan


def _named(
    dataset: Dataset, queries: Sequence[ClassQuery | None]
) -> Iterator[tuple[str, ClassQuery | None]]:
    return zip(dataset.classes, queries, strict=True)


def _unwritten(label: str, dataset: Dataset) -> ClassQuery:
    """Return texts that no stored answer can be about."""
    query = from_template(label, dataset.prompt_names[label])
    texts = ("start_question", "end_question", "description")
    return replace(query, **{name: getattr(query, name) + UNWRITTEN for name in texts})
