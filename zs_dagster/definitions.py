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
    classification_report,
    clip_predictions,
    frame_confidence,
    frame_features,
    localization_metrics,
    protocol_metrics,
    report,
    results,
    segments,
    videos,
    zar_predictions,
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
    protocol_metrics,
    results,
    report,
]

CLASSIFICATION = [
    videos,
    annotations,
    class_queries,
    frame_features,
    class_embeddings,
    clip_predictions,
    zar_predictions,
    classification_metrics,
    classification_report,
    results,
]

home = HomeResource()


def _named(modules: Sequence[ModuleType]) -> list[str]:
    """Return the assets of modules: each is named as its module."""
    return [module.__name__.rpartition(".")[2] for module in modules]


defs = dg.Definitions(
    assets=dg.load_assets_from_modules(dict.fromkeys([*LOCALIZATION, *CLASSIFICATION])),
    resources={
        "home": home,
        "library": VideoLibrary(home=home),
        "models": ModelsResource(),
        "decoders": DecodersResource(),
    },
    jobs=[
        dg.define_asset_job(
            "localize",
            selection=_named(LOCALIZATION),
            description="Videos and class names in; segments, metrics and a report out.",
        ),
        dg.define_asset_job(
            "classify",
            selection=_named(CLASSIFICATION),
            description="Clips and class names in; a class per clip, metrics and a report out.",
        ),
    ],
)
