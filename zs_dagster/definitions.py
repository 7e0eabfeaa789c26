"""Composition root: the only module that knows every asset and every resource.

Dagster loads it through workspace.yaml, the command line through `zs_dagster.cli.graph`;
nothing else imports it.
"""

import dagster as dg

from assets import (
    annotations,
    candidate_classes,
    class_embeddings,
    class_queries,
    frame_confidence,
    frame_features,
    localization_metrics,
    report,
    results,
    segments,
    videos,
)
from resources.decoders import DecodersResource
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource

LOCALIZATION = [
    videos,
    annotations,
    class_queries,
    frame_features,
    class_embeddings,
    candidate_classes,
    frame_confidence,
    segments,
    localization_metrics,
    results,
    report,
]

home = HomeResource()

defs = dg.Definitions(
    assets=dg.load_assets_from_modules(LOCALIZATION),
    resources={
        "home": home,
        "library": VideoLibrary(home=home),
        "models": ModelsResource(),
        "decoders": DecodersResource(),
    },
    jobs=[
        dg.define_asset_job(
            "localize",
            selection=dg.AssetSelection.all(),
            description="Videos and class names in; segments, metrics and a report out.",
        )
    ],
)
