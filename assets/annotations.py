"""Annotation file -> ground-truth segments."""

import logging
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np

from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.errors import DatasetError
from zs_dagster.evaluation.annotations_json import read_ground_truth
from zs_dagster.segments import LabelledSegments

logger = logging.getLogger("zs_dagster.annotations")


@stage("ingest", deps=["videos"], kinds=["json"])
def annotations(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> dg.MaterializeResult:
    """One row per ground-truth segment; no rows where the dataset has no ground truth."""
    dataset = library.dataset(context.partition_key)
    path = library.annotation_file(dataset)
    truth = read_ground_truth(path) if path else LabelledSegments.from_rows([])
    unknown = sorted(set(truth.label.tolist()) - set(dataset.classes))
    if unknown:
        raise DatasetError(
            f"{path}: label '{unknown[0]}' is not a class of dataset '{dataset.name}' "
            f"({len(unknown)} unknown labels); add it to `classes` or correct the file"
        )
    truth, elsewhere = _of_videos(truth, home.get().tables.rows("videos", dataset.name), path)
    rows = [
        {"video_id": str(video), "label": str(label), "start_s": start, "end_s": end}
        for video, label, start, end in zip(
            truth.video_id,
            truth.label,
            truth.segments.start_s.tolist(),
            truth.segments.end_s.tolist(),
            strict=True,
        )
    ]
    metadata = {
        "videos": len(np.unique(truth.video_id)),
        "classes": len(np.unique(truth.label)),
        "in_other_videos": elsewhere,
    }
    return publish(context, home.get(), rows, computed=len(rows), metadata=metadata)


def _of_videos(
    truth: LabelledSegments, videos: list[dict[str, Any]], path: Path | None
) -> tuple[LabelledSegments, int]:
    """Keep the segments of this dataset's videos, unreadable ones included; count the others.

    An annotation file often covers more than the folder. What is not there cannot be found,
    and counting it as missed would lower every number in silence.
    """
    ids = [video["video_id"] for video in videos]
    is_ours = np.isin(truth.video_id, ids)
    others = sorted({str(video) for video in truth.video_id[~is_ours]})
    if others and not is_ours.any():
        raise DatasetError(
            f"{path}: none of its videos is in the dataset, whose first is '{ids[0]}'; it "
            f"names '{others[0]}' and {len(others) - 1} more, correct the ids"
        )
    if others:
        logger.warning(
            "%s: %d videos are not in the dataset and are left out, the first is '%s'",
            path,
            len(others),
            others[0],
        )
    return truth.take(is_ours), int((~is_ours).sum())
