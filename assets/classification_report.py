"""Everything about a dataset of clips -> one HTML page to look at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np

from assets.classified import PREDICTIONS, Classified, classified
from assets.clip_strips import Strip, clip_strips
from assets.stage import stage, versioned
from assets.trials import sentence
from resources.decoders import DecodersResource
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.classification import UNADAPTED, UNTRAINED
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.sources import GeneratedVideos
from zs_dagster.evaluation.accuracy import confusion_matrix
from zs_dagster.files import write_text
from zs_dagster.home import Home
from zs_dagster.provenance import git_commit, utc_now

if TYPE_CHECKING:
    from zs_dagster.report.classification.data import (
        Accuracy,
        ClassificationReport,
        Clip,
        Difference,
        MethodResult,
    )

MAX_STRIPS = 60
MINUS, MCNEMAR = "top1_minus_", "mcnemar_p_"
Row = dict[str, Any]
Numbers = Mapping[str, Row]
"""Metric -> its row, of one method on one set."""


@stage(
    "results",
    deps=[*PREDICTIONS, "frame_features", "classification_metrics"],
    kinds=["html"],
)
def classification_report(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
    decoders: DecodersResource,
) -> dg.MaterializeResult:
    """One self-contained HTML page: accuracy, confusions, calibration and clips.

    It shows the first evaluation set; of the others it says the accuracy.
    """
    from zs_dagster.report.classification.page import classification_page

    dataset, core = library.trimmed(context.partition_key), home.get()
    found = classified(core, dataset)
    shown = [one for one in found if one.split.name == found[0].split.name]
    ordered = _worst_first(shown)
    fingerprint = models.get().clip_fingerprint(dataset.profile)
    with decoders.start(dataset.reader) as pool:
        strips = clip_strips(core, dataset, fingerprint, pool, ordered[:MAX_STRIPS])
    report = _report(core, dataset, found, [_clip(v, shown, strips.get(v)) for v in ordered])
    if trial := sentence(context.instance, dataset.name):
        report = replace(report, provenance={"trial": trial, **report.provenance})
    path = core.reports / f"{dataset.name}.html"
    write_text(path, classification_page(report))
    metadata = {"file": dg.MetadataValue.path(str(path))}
    version = [*_version(core, dataset), {"trial": trial}]
    return versioned(version, computed=len(ordered), metadata=metadata)


def _version(home: Home, dataset: Dataset) -> list[Row]:
    """Return what the page shows, without the clock and the commit."""
    rows = home.tables.rows("videos", dataset.name)
    rows += home.tables.rows("clip_predictions", dataset.name)
    rows += home.tables.rows("zar_predictions", dataset.name)
    rows += home.tables.rows("cezsar_predictions", dataset.name)
    return rows + home.tables.rows("classification_metrics", dataset.name)


def _worst_first(shown: Sequence[Classified]) -> list[str]:
    """Order the videos of a set: first those that most methods have wrong."""
    if not shown:
        return []

    def right(video: str) -> int:
        truth = shown[0].truth.get(video, ())
        best = [one.guesses[video][0].label for one in shown if video in one.guesses]
        return sum(label in truth for label in best)

    is_known = bool(shown[0].truth)
    return sorted(shown[0].split.videos, key=lambda v: (right(v) if is_known else 0, v))


def _report(
    home: Home, dataset: Dataset, found: Sequence[Classified], clips: Sequence["Clip"]
) -> "ClassificationReport":
    from zs_dagster.report.classification.data import ClassificationReport

    videos = home.tables.rows("videos", dataset.name)
    rows = home.tables.rows("classification_metrics", dataset.name)
    numbers: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        numbers.setdefault((row["method"], row["split"]), {})[row["metric"]] = row
    shown = [one for one in found if one.split.name == found[0].split.name]
    of_set = {one.method: numbers.get((one.method, one.split.name), {}) for one in shown}
    return ClassificationReport(
        dataset=dataset.name,
        title=dataset.title or dataset.name,
        classes=shown[0].split.classes if shown else dataset.classes,
        methods=[_method(one, of_set[one.method], dataset) for one in shown if one.truth],
        differences=[d for name, known in of_set.items() for d in _differences(name, known)],
        clips=clips,
        left_out=[(v["video_id"], v["reason"] or "") for v in videos if v["status"] != "ok"],
        provenance=_provenance(dataset, shown, rows),
        notes=[*_models_note(dataset), *_skipped(found), *_other_sets(numbers, shown)],
    )


def _method(one: Classified, numbers: Numbers, dataset: Dataset) -> "MethodResult":
    from zs_dagster.report.classification.data import MethodResult

    counts = confusion_matrix(one.outcome)
    right, videos = np.diag(counts).tolist(), counts.sum(axis=1).tolist()
    per_class = [
        (label, n, hit / n if n else float("nan"))
        for label, n, hit in zip(one.split.classes, videos, right, strict=True)
    ]
    curve = one.reliability
    points = zip(curve.confidence, curve.accuracy, curve.count, strict=True) if curve else ()
    return MethodResult(
        name=one.method,
        description=_description(one.method, dataset),
        parameters=one.parameters,
        top1=_accuracy(numbers["top1"]),
        top5=_accuracy(numbers["top5"]) if "top5" in numbers else None,
        mean_class=_accuracy(numbers["mean_class_accuracy"]),
        per_class=per_class,
        confusion=counts,
        reliability=[(float(c), float(a), int(n)) for c, a, n in points],
        ece=numbers["ece"]["value"] if "ece" in numbers else None,
    )


def _description(method: str, dataset: Dataset) -> str:
    classifiers = dataset.classification.classifiers
    if method in classifiers:
        return classifiers[method].description
    if method.endswith(UNTRAINED):
        return f"{method.removesuffix(UNTRAINED)} before its joint space was trained"
    return f"{method.removesuffix(UNADAPTED)} without its adaptation, on the same frames"


def _accuracy(row: Row) -> "Accuracy":
    from zs_dagster.report.classification.data import Accuracy

    return Accuracy(row["value"], row["low"], row["high"])


def _differences(method: str, numbers: Numbers) -> Iterator["Difference"]:
    from zs_dagster.report.classification.data import Difference

    for metric, row in numbers.items():
        if metric.startswith(MINUS):
            other = metric.removeprefix(MINUS)
            p = numbers[f"{MCNEMAR}{other}"]["value"]
            yield Difference(other, method, row["value"], row["low"], row["high"], p)


def _clip(video: str, shown: Sequence[Classified], strip: Strip | None) -> "Clip":
    from zs_dagster.report.classification.data import Clip

    truth = shown[0].truth.get(video)
    return Clip(
        video_id=video,
        truth=", ".join(truth) if truth else None,
        strip_png=strip.png if strip else None,
        sampler=strip.sampler if strip else "",
        times_s=strip.times_s if strip else (),
        guesses={
            one.method: [(g.label, g.probability or 0.0) for g in one.guesses.get(video, ())]
            for one in shown
        },
    )


def _provenance(
    dataset: Dataset, shown: Sequence[Classified], rows: Sequence[Row]
) -> dict[str, str]:
    facts = {"models": dataset.profile, "commit": git_commit()}
    if rows:
        facts["CLIP"] = rows[0]["clip"]
        facts["card"] = f"provenance/{rows[0]['run_id']}.json"
    if shown:
        facts |= {"set": shown[0].split.name, "videos": str(len(shown[0].split.videos))}
        facts["with ground truth"] = str(len(shown[0].truth))
    return facts | {"time": utc_now()[:16].replace("T", " ") + " UTC"}


def _models_note(dataset: Dataset) -> list[str]:
    """Warn where classes come from models that cannot know better."""
    if dataset.profile != "demo" or isinstance(dataset.videos, GeneratedVideos):
        return []
    return [
        "The demo models know only the drawn shapes of the demo: what they say about other "
        "videos means nothing. Choose another profile."
    ]


def _skipped(found: Sequence[Classified]) -> list[str]:
    return [
        f"{one.method} on {one.split.name}: {one.skipped} of {len(one.videos)} videos were "
        "answered without their adaptation step, which was not finite."
        for one in found
        if one.skipped
    ]


def _other_sets(
    numbers: Mapping[tuple[str, str], Numbers], shown: Sequence[Classified]
) -> Iterator[str]:
    """Yield the accuracy on the sets that the page has no room for, and over groups of sets."""
    here = {one.split.name for one in shown}
    for (method, split), known in numbers.items():
        if "top1" in known and split not in here:
            top1 = known["top1"]
            yield (
                f"{method} on {split}: top-1 {top1['value']:.1%} (95 % interval "
                f"{top1['low']:.1%} to {top1['high']:.1%})."
            )
        if "top1_mean" in known:
            mean, sd = (known[f"top1_{name}"]["value"] for name in ("mean", "sd"))
            yield f"{method} over {split}: mean top-1 {mean:.1%}, sd {100 * sd:.1f} points."
        if "top1_harmonic_mean" in known:
            harmonic = known["top1_harmonic_mean"]["value"]
            yield f"{method} on {split}: harmonic mean of base and novel {harmonic:.1%}."
