"""Class names and descriptions -> CLIP text features, computed once per text and model."""

from typing import Any

import dagster as dg

from assets.class_texts import SENTENCE, descriptions_of, sentences
from assets.stage import model_version, publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.description import Dataset
from zs_dagster.digests import digest
from zs_dagster.home import Home
from zs_dagster.models.loading import Models
from zs_dagster.store import Store

KIND = "class_embeddings"
VERSION = "1"


@stage(
    "vision",
    deps=["class_queries"],
    version=model_version(VERSION, Models().clip_fingerprint),
    kinds=["pytorch"],
    pool="gpu",
    options=["classifiers"],
)
def class_embeddings(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """Two rows per class, its name and its description, with un-normalised text features.

    Classification adds a row per sentence that a template makes of a class.
    """
    dataset, store = library.dataset(context.partition_key), home.get().store
    profile = dataset.profile
    fingerprint = models.get().clip_fingerprint(profile)
    rows = embedding_rows(home.get(), context.partition_key, fingerprint)
    if dataset.task == "classification":
        rows += sentence_rows(home.get(), dataset, fingerprint)
    missing = missing_texts(rows, store)
    if missing:
        features = models.get().clip(profile).encode_texts(list(missing.values()))
        for key, feature in zip(missing, features, strict=True):
            store.save_arrays(KIND, key, {"feature": feature})
    reused = len({row["key"] for row in rows}) - len(missing)
    return publish(context, home.get(), rows, computed=len(missing), reused=reused)


def embedding_rows(home: Home, dataset: str, fingerprint: str) -> list[dict[str, Any]]:
    """Return the rows of this table, whether or not their features are in the store."""
    rows = []
    for query in home.tables.rows("class_queries", dataset):
        for kind, text in (
            ("name", query["prompt_name"]),
            ("description", query["description"]),
        ):
            key = digest(KIND, VERSION, text, fingerprint)
            rows.append({"label": query["label"], "text_kind": kind, "text": text, "key": key})
    return rows


def sentence_rows(home: Home, dataset: Dataset, fingerprint: str) -> list[dict[str, Any]]:
    """Return the rows of the sentences that the classifiers of a dataset ask for."""
    return [
        {
            "label": label,
            "text_kind": SENTENCE,
            "text": text,
            "key": digest(KIND, VERSION, text, fingerprint),
        }
        for label, text in sentences(dataset, descriptions_of(home, dataset.name))
    ]


def missing_texts(rows: list[dict[str, Any]], store: Store) -> dict[str, str]:
    """Return key and text of the features that are not in the store."""
    return {row["key"]: row["text"] for row in rows if not store.has_arrays(KIND, row["key"])}
