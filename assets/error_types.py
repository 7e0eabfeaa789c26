"""Segments against ground truth -> which kinds of errors each method makes."""

import dagster as dg

from assets.ablations import of_plain_methods
from assets.charts import error_chart
from assets.labelled import found_segments, true_segments
from assets.markdown import picture
from assets.reuse import Reuse
from assets.stage import publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.evaluation.error_types import error_types as kinds_of
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.report.charts_png import charts_png


@stage(
    "localization",
    deps=["segments", "annotations"],
    options=["methods", "protocol"],
    reuse=Reuse(),
)
def error_types(
    context: dg.AssetExecutionContext, home: HomeResource, library: VideoLibrary
) -> dg.MaterializeResult:
    """One row per method, threshold and kind of error: how many, and the mAP they cost."""
    dataset, where = library.untrimmed(context.partition_key), home.get()
    truth = true_segments(where, dataset.name)
    methods = dataset.localization.methods if len(truth) else ()
    protocol = get_protocol(dataset.localization.protocol)
    rows = [
        {
            "method": method,
            "tiou": kind.tiou,
            "error": kind.kind,
            "count": kind.count,
            "gain": kind.gain,
        }
        for method, found in found_segments(where, dataset.name, methods).items()
        for kind in kinds_of(truth, found, protocol)
    ]
    chart = error_chart(of_plain_methods(rows, dataset))
    shown = {"chart": picture(charts_png([chart]), "kinds of errors")} if chart else {}
    return publish(context, where, rows, metadata=shown)
