"""Points of videos and class sentences -> how far apart they are, in numbers and a picture."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import dagster as dg
import numpy as np
from numpy.typing import NDArray

from assets.markdown import picture
from assets.stage import stage, versioned
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.home import Home
from zs_dagster.joint_embedding.gap import SemanticGap
from zs_dagster.joint_embedding.gap import semantic_gap as measure
from zs_dagster.joint_embedding.projection import pca
from zs_dagster.report.plane import plane_png, tsne
from zs_dagster.similarity import normalised

SPACE = "cezsar_embeddings"
OVERALL = ""
NUMBERS = ("modality_gap", "alignment", "video_uniformity", "text_uniformity", "accuracy")
DIRECTIONS = ("video_to_text", "text_to_video")
Row = dict[str, Any]


@stage("classification", deps=["annotations", "cezsar_predictions"], kinds=["numpy"])
def semantic_gap(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> dg.MaterializeResult:
    """Rows per method of CEZSAR: cosines of classes, confusions and numbers of the whole."""
    dataset, core = library.trimmed(context.partition_key), home.get()
    rows: list[Row] = []
    shown: dict[str, Any] = {}
    for space in core.tables.rows("cezsar_spaces", dataset.name):
        found = Labelled.read(core, dataset.name, space["space"])
        if found is None:
            continue  # Without ground truth there is nothing to compare with.
        gap = measure(found.videos, found.label, found.prototypes, found.owner)
        rows += [{"method": space["method"], **row} for row in _rows(gap, found.classes)]
        shown[f"{space['method']} plane"] = _picture(found, space["method"])
    core.tables.write("semantic_gap", dataset.name, rows)
    return versioned(rows, computed=len(rows), metadata=shown)


class Labelled:
    """Points of one method whose class is known.

    Attributes:
        classes: K names.
        videos: Shape ``(N, J)``.
        label: Shape ``(N,)``, the class of each.
        prototypes: Shape ``(P, J)``.
        owner: Shape ``(P,)``, the class of each.
    """

    def __init__(
        self, arrays: Mapping[str, NDArray[Any]], classes: list[str], label: NDArray[np.int64]
    ) -> None:
        self.classes, self.label = classes, label[label >= 0]
        self.videos = arrays["videos"][label >= 0]
        self.prototypes, self.owner = arrays["prototypes"], arrays["owner"]

    @classmethod
    def read(cls, home: Home, dataset: str, key: str) -> "Labelled | None":
        """Read the points of a store entry; none if no video has a known class."""
        names = home.store.read_document(SPACE, key)
        place = {label: number for number, label in enumerate(names["classes"])}
        truth = {
            row["video_id"]: place.get(row["label"], -1)
            for row in home.tables.rows("annotations", dataset)
        }
        label = np.array([truth.get(v, -1) for v in names["videos"]], dtype=np.int64)
        if not (label >= 0).any():
            return None
        return cls(home.store.load_arrays(SPACE, key), names["classes"], label)


def _rows(gap: SemanticGap, classes: list[str]) -> Iterator[Row]:
    for name in NUMBERS:
        yield _row(OVERALL, name, getattr(gap, name))
    for direction in DIRECTIONS:
        for name, value in getattr(gap, direction).items():
            yield _row(OVERALL, f"{direction}_{name}", value)
    for label, cosine in zip(classes, gap.centroid_cosine.tolist(), strict=True):
        yield _row(label, "centroid_cosine", cosine)
    for true, taken_for, count in gap.confusions:
        yield _row(classes[true], f"taken for {classes[taken_for]}", count)


def _row(label: str, metric: str, value: float) -> Row:
    return {
        "label": label,
        "metric": metric,
        "value": float(value) if np.isfinite(value) else None,
    }


def _picture(found: Labelled, method: str) -> dg.MarkdownMetadataValue:
    """Draw the directions of videos and prototypes on one plane."""
    units = normalised(np.concatenate([found.videos, found.prototypes]))
    plane = tsne(units) if find_spec("sklearn") else pca(units)
    videos, prototypes = np.split(plane, [len(found.videos)])
    png = plane_png(videos, found.label, prototypes, found.owner, found.classes)
    return picture(png, method)
