"""Composition root: the only module that knows every asset and every resource.

Dagster loads it through workspace.yaml, the command line through `zs_dagster.cli.graph`;
nothing else imports it.
"""

from collections.abc import Sequence
from types import ModuleType

import dagster as dg

from assets import (
    annotations,
    candidate_classes,
    class_embeddings,
    class_queries,
    classification_metrics,
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

SHARED = [videos, annotations, class_queries, frame_features, class_embeddings, results]
LOCALIZATION = [
    candidate_classes,
    frame_confidence,
    segments,
    localization_metrics,
    report,
]
CLASSIFICATION = [
    classification_metrics,
]


def _assets(modules: Sequence[ModuleType]) -> dg.AssetSelection:
    return dg.AssetSelection.assets(*(module.__name__.split(".")[-1] for module in modules))


home = HomeResource()

defs = dg.Definitions(
    assets=dg.load_assets_from_modules([*SHARED, *LOCALIZATION, *CLASSIFICATION]),
    resources={
        "home": home,
        "library": VideoLibrary(home=home),
        "models": ModelsResource(),
        "decoders": DecodersResource(),
    },
    jobs=[
        dg.define_asset_job(
            "localize",
            selection=_assets([*SHARED, *LOCALIZATION]),
            description="Videos and class names in; segments, metrics and a report out.",
        ),
        dg.define_asset_job(
            "classify",
            selection=_assets([*SHARED, *CLASSIFICATION]),
            description="Clips and class names in; classes, metrics and a report out.",
        ),
    ],
)
