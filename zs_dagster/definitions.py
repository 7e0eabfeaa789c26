"""Composition root: the only module that knows every asset and every resource.

Dagster loads it through workspace.yaml, the command line through `zs_dagster.cli.graph`;
nothing else imports it.
"""

from collections.abc import Sequence
from types import ModuleType

import dagster as dg

from assets import (
    ablations,
    annotations,
    candidate_classes,
    captions,
    cezsar_model,
    cezsar_predictions,
    class_embeddings,
    class_queries,
    classification_metrics,
    classification_report,
    classification_results,
    clip_predictions,
    error_types,
    frame_confidence,
    frame_features,
    localization_metrics,
    localization_results,
    loss_waterfall,
    protocol_metrics,
    report,
    segments,
    semantic_gap,
    sentence_embeddings,
    training_results,
    videos,
    zar_predictions,
)
from assets.automation.schedules import nightly_schedule, stale_schedule
from assets.automation.sources import source_assets
from assets.automation.watching import keep_fresh_sensor, new_files
from resources.compute import ComputeResource
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
    ablations,
    loss_waterfall,
    error_types,
    protocol_metrics,
    localization_results,
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
    cezsar_predictions,
    classification_metrics,
    classification_report,
    semantic_gap,
    classification_results,
]

TRAINING = [
    videos,
    captions,
    sentence_embeddings,
    frame_features,
    cezsar_model,
    training_results,
]

home = HomeResource()


def _named(modules: Sequence[ModuleType]) -> list[str]:
    """Return the assets of modules: each is named as its module."""
    return [module.__name__.rpartition(".")[2] for module in modules]


STAGES = {
    "localization": _named(LOCALIZATION),
    "classification": _named(CLASSIFICATION),
    "captions": _named(TRAINING),
}
ASSETS = list(dict.fromkeys([*LOCALIZATION, *CLASSIFICATION, *TRAINING]))

localize = dg.define_asset_job(
    "localize",
    selection=dg.AssetSelection.assets(*STAGES["localization"]),
    description="Videos and class names in; segments, metrics and a report out.",
)
classify = dg.define_asset_job(
    "classify",
    selection=dg.AssetSelection.assets(*STAGES["classification"]),
    description="Clips and class names in; a class per clip, metrics and a report out.",
)
train = dg.define_asset_job(
    "train",
    selection=dg.AssetSelection.assets(*STAGES["captions"]),
    description="Videos and captions in; a joint space of videos and sentences out.",
)
# Their schedules choose the stages by the task of each dataset.
nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.assets(*_named(ASSETS)),
    description="Requested by its schedule. By hand: the job of the task.",
)
reprocess_stale = dg.define_asset_job(
    "reprocess_stale",
    selection=dg.AssetSelection.assets(*_named(ASSETS)),
    description="Requested by its schedule. By hand: the job of the task.",
)

defs = dg.Definitions(
    assets=[*dg.load_assets_from_modules(ASSETS), *source_assets()],
    resources={
        "home": home,
        "library": VideoLibrary(home=home),
        "models": ModelsResource(),
        "decoders": DecodersResource(),
        "compute": ComputeResource(),
    },
    jobs=[localize, classify, train, nightly, reprocess_stale],
    schedules=[nightly_schedule("nightly", STAGES), stale_schedule("reprocess_stale", STAGES)],
    sensors=[new_files, keep_fresh_sensor],
)
