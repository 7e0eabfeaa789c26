"""Annotation file -> ground-truth segments."""

import dagster as dg
import numpy as np

from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.errors import DatasetError
from zs_dagster.evaluation.annotations_json import read_ground_truth
from zs_dagster.segments import LabelledSegments


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
    }
    return publish(context, home.get(), rows, computed=len(rows), metadata=metadata)
