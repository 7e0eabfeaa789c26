"""Everything about a dataset -> one HTML page to look at."""

import base64
from collections import defaultdict
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from assets.ablations import of_plain_methods
from assets.charts import ablation_charts, error_chart, loss_chart
from assets.class_scores import SCORES, scored_videos
from assets.labelled import true_segments
from assets.pictures import last_picture
from assets.reuse import content
from assets.stage import stage, versioned
from assets.trials import sentence
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.sources import GeneratedVideos
from zs_dagster.files import write_text
from zs_dagster.home import Home
from zs_dagster.progress import track
from zs_dagster.provenance import git_commit, utc_now
from zs_dagster.report.charts import Chart
from zs_dagster.report.data import (
    ClassCurves,
    MetricRow,
    ProtocolRow,
    Report,
    Span,
    VideoReview,
)
from zs_dagster.report.page import render_page
from zs_dagster.report.payload import video_payload
from zs_dagster.report.timeline import timeline_png

# Above this the page links to the files, so that it stays one that a browser opens.
MAX_EMBEDDED_BYTES = 40_000_000
# Of more videos than these the page shows the first; the tables have all.
MAX_VIDEOS = 250
CHARTED = ["ablations", "loss_waterfall", "error_types"]
SHOWN = [
    *("videos", "annotations", "candidate_classes", "frame_confidence", "segments"),
    *("localization_metrics", "protocol_metrics", "method_comparisons", *CHARTED),
]
PAIRED = ("average_mAP_over_", "average_mAP_minus_")
Row = dict[str, Any]


@stage(
    "results",
    deps=[
        *SCORES,
        *("annotations", "segments", "localization_metrics", "protocol_metrics"),
        *CHARTED,
    ],
    kinds=["html"],
)
def report(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> dg.MaterializeResult:
    """One self-contained HTML page: metrics; per video a player, a timeline and curves."""
    dataset = library.dataset(context.partition_key)
    page, trial = _report(home.get(), dataset), sentence(context.instance, dataset.name)
    if trial:
        page = replace(page, summary={"trial": trial, **page.summary})
    path = home.get().reports / f"{dataset.name}.html"
    write_text(path, render_page(page))
    metadata: dict[str, Any] = {
        "file": dg.MetadataValue.path(str(path)),
        "shown": f"{len(page.videos)} of {page.n_videos} videos",
    }
    readable = [video for video in page.videos if video.status == "ok"]
    if readable:
        first = readable[0]
        draw = partial(timeline_png, first)
        metadata["timeline"] = last_picture(
            context, home.get(), first.video_id, _timeline(first), draw
        )
    # What the page is made of, without the clock and the commit.
    version = [{**content(SHOWN, home.get(), dataset.name), "trial": trial}]
    return versioned(version, computed=len(page.videos), metadata=metadata)


def _timeline(video: VideoReview) -> dict[str, Any]:
    """Return what is drawn of a video, without its file."""
    return video_payload(replace(video, src=""))


def _report(home: Home, dataset: Dataset) -> Report:
    tables = home.tables
    videos = tables.read("videos", dataset.name)
    metrics = tables.rows("localization_metrics", dataset.name)
    compared = tables.rows("method_comparisons", dataset.name)
    facts = {
        "videos": str(len(videos)),
        "instances": str(len(true_segments(home, dataset.name))),
        "classes": str(len(dataset.classes)),
        "frames per second": f"{dataset.localization.fps:g}",
        "models": dataset.profile,
        "commit": git_commit(),
        "time": utc_now()[:16].replace("T", " ") + " UTC",
    }
    return Report(
        dataset=dataset.name,
        title=dataset.title or dataset.name,
        summary=facts,
        metrics=_metric_rows(metrics, dataset),
        per_class=_per_class(tables.rows("class_metrics", dataset.name)),
        protocols=_protocols(tables.rows("protocol_metrics", dataset.name)),
        comparisons=[row["sentence"] for row in compared],
        notes=[*_models_note(dataset), *_notes(metrics)],
        videos=_videos(home, dataset, videos.slice(0, MAX_VIDEOS).to_pylist()),
        n_videos=len(videos),
        interval_name="95 % bootstrap interval over videos",
        ablations=ablation_charts(tables.rows("ablations", dataset.name)),
        losses=[chart for chart in _losses(home, dataset) if chart],
        provenance=f"../provenance/{metrics[0]['run_id']}.json" if metrics else "",
    )


def _losses(home: Home, dataset: Dataset) -> tuple[Chart | None, Chart | None]:
    """Return the charts of stages and of errors, of the first method of each preset."""
    losses, errors = (
        of_plain_methods(home.tables.rows(table, dataset.name), dataset)
        for table in ("loss_waterfall", "error_types")
    )
    return loss_chart(losses), error_chart(errors)


def _metric_rows(rows: list[Row], dataset: Dataset) -> list[MetricRow]:
    methods = dataset.localization.methods
    shown = []
    for name, method in methods.items():
        values = {
            r["metric"]: r["value"]
            for r in rows
            if r["method"] == name and not r["metric"].startswith(PAIRED)
        }
        average = [r for r in rows if r["method"] == name and r["metric"] == "average_mAP"]
        interval = None
        if average and average[0]["low"] is not None:
            interval = (average[0]["low"], average[0]["high"])
        if values:
            is_first = name == next(iter(methods))
            shown.append(MetricRow(name, method.description, values, interval, is_first))
    return shown


def _per_class(rows: list[Row]) -> list[tuple[str, dict[str, float]]]:
    """Average the average precision of each class and method over the thresholds."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["average_precision"] is not None:
            values[row["label"]][row["method"]].append(row["average_precision"])
    return [
        (label, {method: sum(ap) / len(ap) for method, ap in methods.items()})
        for label, methods in sorted(values.items())
    ]


def _protocols(rows: list[Row]) -> list[ProtocolRow]:
    """Return the averages of the first method in every cell."""
    return [
        ProtocolRow(
            **{key: row[key] for key in ("protocol", "videos", "classes", "candidates")},
            value=row["value"],
            interval=(row["low"], row["high"]),
            sd=row["sd"],
            published=row["published"],
        )
        for row in rows
        if row["metric"] == "average_mAP" and row["method"] == rows[0]["method"]
    ]


def _notes(rows: list[Row]) -> list[str]:
    notes = [
        f"{row['method']} has {row['value']:.2f} times the average mAP of "
        f"{row['metric'].partition('_over_')[2]}{_between(row)}."
        for row in rows
        if "_over_" in row["metric"]
    ]
    quality = [row for row in rows if row["method"] == "class-filter"]
    return notes + [
        f"Class filter, {row['metric'].removeprefix('filter_')}: {row['value']:.1%}."
        for row in quality
    ]


def _models_note(dataset: Dataset) -> list[str]:
    """Warn where numbers and segments come from models that cannot know better."""
    if dataset.profile != "demo" or isinstance(dataset.videos, GeneratedVideos):
        return []
    return [
        "The demo models know only the drawn shapes of the demo: what they say about other "
        "videos means nothing. Choose another profile."
    ]


def _between(row: Row) -> str:
    if row["low"] is None:
        return ""
    return f" (95 % bootstrap interval over videos {row['low']:.2f} to {row['high']:.2f})"


def _videos(home: Home, dataset: Dataset, videos: list[Row]) -> list[VideoReview]:
    first = next(iter(dataset.localization.methods))
    chosen = [video["video_id"] for video in videos]
    kept = partial(_of_videos, videos=pa.array(chosen, pa.string()))
    annotated = home.tables.by_video("annotations", dataset.name, kept)
    segments = home.tables.by_video("segments", dataset.name, kept)
    curves = _curves(home, dataset.name, set(chosen))
    embed = sum(Path(v["path"]).stat().st_size for v in videos if v["status"] == "ok")
    reviews = []
    for video in track(videos, "report", len(videos)):
        video_id, is_ok = video["video_id"], video["status"] == "ok"
        source = (
            _source(Path(video["path"]), embed=embed <= MAX_EMBEDDED_BYTES) if is_ok else ""
        )
        reviews.append(
            VideoReview(
                video_id=video_id,
                src=source,
                duration_s=video["duration_s"] or 0.0,
                ground_truth=_spans(annotated.get(video_id, [])),
                predictions=_spans(
                    [row for row in segments.get(video_id, []) if row["method"] == first]
                ),
                curves=curves[video_id],
                status="ok" if is_ok else "unreadable",
                reason=video["reason"] or "",
            )
        )
    return reviews


def _of_videos(rows: pa.Table, videos: pa.Array) -> pa.Table:
    return rows.filter(pc.is_in(rows["video_id"], value_set=videos))


def _spans(rows: list[Row]) -> list[Span]:
    """Return the segments of a video; a label of the whole video is none."""
    return [
        Span(row["label"], row["start_s"], row["end_s"], row.get("score"))
        for row in rows
        if row["start_s"] is not None
    ]


def _curves(home: Home, dataset: str, chosen: set[str]) -> dict[str, list[ClassCurves]]:
    curves: dict[str, list[ClassCurves]] = defaultdict(list)
    for video in scored_videos(home, dataset, chosen):
        for scores in video:
            curve = ClassCurves(
                scores.label,
                scores.time_s,
                scores.confidence[:, 0],
                scores.confidence[:, 1],
                scores.actionness,
                scores.is_candidate,
            )
            curves[scores.video_id].append(curve)
    return curves


def _source(path: Path, *, embed: bool) -> str:
    """Return the video as a data URI, or as a link that holds wherever the page is copied."""
    if embed and path.suffix in {".mp4", ".webm"}:
        kind = path.suffix.removeprefix(".")
        return f"data:video/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
    return path.absolute().as_uri()
