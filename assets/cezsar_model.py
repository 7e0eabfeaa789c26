"""Captioned segments -> a joint space of videos and sentences, trained once per content."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.automation.watching import observe_model
from assets.captioned_segments import CAPTIONED, captioned_segments
from assets.markdown import picture
from assets.stage import model_version, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.classification import UNTRAINED
from zs_dagster.datasets.description import Dataset
from zs_dagster.digests import digest
from zs_dagster.home import Home
from zs_dagster.joint_embedding.captioned import CaptionedSegments
from zs_dagster.joint_embedding.parameters import JointParameters, with_overrides
from zs_dagster.models.loading import Models
from zs_dagster.models.sentences import sentence_fingerprint
from zs_dagster.progress import current_listener
from zs_dagster.provenance import git_commit, utc_now
from zs_dagster.report.training_curves import training_png

if TYPE_CHECKING:
    from zs_dagster.joint_embedding.training import TrainedJoint

KIND, RECORD = "cezsar_model", "cezsar_training"
VERSION = "1"
METHOD = "cezsar"
PARTS = ("validation", "test")
Row = dict[str, Any]


@stage(
    "training",
    deps=CAPTIONED,
    version=model_version(VERSION, Models().clip_fingerprint),
    kinds=["pytorch"],
    options=["fps", "text_encoder", "concepts", "objects", "positives", "preset", "parameters"],
)
def cezsar_model(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """One row: the model in the store, what it was trained on and how.

    The model is named by the digest of data, parameters and code, which is also the version of
    this asset; what is named by it already is not trained again. A training that was killed
    goes on where its state was last written.
    """
    dataset, core = library.captioned(context.partition_key), home.get()
    fingerprint = models.get().clip_fingerprint(dataset.profile)
    data = captioned_segments(core, dataset, fingerprint)
    encoders = {
        "clip": fingerprint,
        "sentence_encoder": sentence_fingerprint(
            dataset.training.text_encoder, dataset.profile
        ),
    }
    parameters = joint_parameters(dataset)
    key = model_key(data, parameters, encoders)
    is_known = core.store.has_arrays(KIND, key) and bool(core.store.load_document(RECORD, key))
    if not is_known:
        train_into(core, key, data, parameters)
    record = core.store.load_document(RECORD, key) or {}
    said = json.dumps(parameters.facts(), sort_keys=True)
    row: Row = {**encoders} | {"model": key, "text_encoder": dataset.training.text_encoder}
    row |= {"parameters": said, "videos": len(set(data.video)), "segments": len(data)}
    row |= {"sentences": len(data.sentences), "epochs": record["metrics"]["epochs"]}
    core.tables.write("cezsar_model", dataset.name, [row])
    core.tables.write("cezsar_history", dataset.name, list(_history(record["history"])))
    source = {"parameters": said, "clip": fingerprint, "git_commit": git_commit()}
    source |= {"run_id": context.run.run_id, "created_at": utc_now()}
    metrics = [one | source for one in metric_rows(record["metrics"])]
    core.tables.write("cezsar_metrics", dataset.name, metrics)
    observe_model(context.instance, dataset.name, library)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(key),
        metadata={"computed": int(not is_known), "reused": int(is_known), **_shown(record)},
    )


def joint_parameters(dataset: Dataset) -> JointParameters:
    """Return the parameters of a dataset's training.

    Raises:
        InputError: If one is unknown or out of its range.
    """
    return with_overrides(dataset.training.preset, dataset.training.parameters)


def model_key(
    data: CaptionedSegments, parameters: JointParameters, encoders: Mapping[str, str]
) -> str:
    """Name a model by all that makes it."""
    # Imported here: it needs torch.
    from zs_dagster.joint_embedding.training import STAGE_VERSION

    version = (VERSION, STAGE_VERSION)
    return digest(KIND, version, parameters.facts(), encoders, data.fingerprint())


def train_into(
    home: Home, key: str, data: CaptionedSegments, parameters: JointParameters
) -> None:
    """Train, or go on training, and store the model; the state is deleted at the end."""
    from zs_dagster.joint_embedding.training import train

    state = home.training / f"{key}.safetensors"
    state.parent.mkdir(parents=True, exist_ok=True)
    trained = train(data, parameters, state=state, report=_reported(parameters.epochs))
    # The record comes last: a model without one is trained again.
    home.store.save_document(KIND, key, trained.model.document())
    home.store.save_arrays(KIND, key, trained.model.arrays())
    home.store.save_document(RECORD, key, _record(trained))
    state.unlink(missing_ok=True)


def _record(trained: "TrainedJoint") -> Mapping[str, Any]:
    return {"history": trained.history, "metrics": trained.metrics}


def _reported(epochs: int) -> Callable[[Mapping[str, float]], None]:
    """Return what tells the progress of a training, in epochs."""
    listen = current_listener()
    return lambda row: listen("training", int(row["epoch"]), epochs)


def metric_rows(metrics: Mapping[str, float]) -> Iterator[Row]:
    """Yield the retrieval on held-out videos, of the model and of it before training."""
    for part in PARTS:
        for prefix, suffix in (("", ""), ("untrained_", UNTRAINED)):
            start = f"{prefix}{part}_"
            for name, value in metrics.items():
                if name.startswith(start):
                    yield {
                        "method": METHOD + suffix,
                        "split": part,
                        "metric": name.removeprefix(start),
                        "value": value,
                    } | dict.fromkeys(("low", "high"))


def _history(history: Sequence[Mapping[str, float]]) -> Iterator[Row]:
    for row in history:
        for name, value in row.items():
            if name != "epoch":
                yield {"epoch": int(row["epoch"]), "metric": name, "value": float(value)}


def _shown(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the numbers that the UI plots over time, and the curves."""
    numbers = {name: float(value) for name, value in record["metrics"].items()}
    return {**numbers, "curves": picture(training_png(record["history"]), "training")}
