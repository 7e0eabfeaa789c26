"""Captions and concepts -> features of their sentences, computed once per text and encoder."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.sentences import Sentences
from assets.stage import model_version, publish, stage
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.description import Dataset
from zs_dagster.joint_embedding.objects import Concept, read_concepts
from zs_dagster.joint_embedding.positives import split_pieces
from zs_dagster.models.loading import Models
from zs_dagster.models.sentences import CLIP

VERSION = "1"
Row = dict[str, Any]


@stage(
    "language",
    deps=["captions"],
    version=model_version(VERSION, Models().clip_fingerprint),
    kinds=["pytorch"],
    pool="gpu",
    options=["text_encoder", "concepts"],
)
def sentence_embeddings(
    context: dg.AssetExecutionContext,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """One row per different sentence: captions, and concepts where a vocabulary is named.

    Concepts are compared with frames, so they are encoded by the CLIP of the profile; the
    sentences in their glosses may become positives, by the encoder of the captions.
    """
    dataset, core = library.captioned(context.partition_key), home.get()
    said = (core.store, models.get(), dataset.profile)
    encoders = {
        "caption": Sentences(*said, dataset.training.text_encoder),
        "piece": Sentences(*said, dataset.training.text_encoder),
        "concept": Sentences(*said, CLIP),
    }
    texts = {"caption": [row["caption"] for row in core.tables.rows("captions", dataset.name)]}
    texts |= dict(_concept_texts(vocabulary(dataset)))
    found = {kind: list(dict.fromkeys(some)) for kind, some in texts.items()}
    computed = sum(encoders[kind].fill(some) for kind, some in found.items())
    rows: list[Row] = [
        {
            "text_kind": kind,
            "text": text,
            "encoder": encoders[kind].fingerprint,
            "key": encoders[kind].key(text),
        }
        for kind, some in found.items()
        for text in some
    ]
    reused = len({row["key"] for row in rows}) - computed
    return publish(context, core, rows, computed=computed, reused=reused)


def vocabulary(dataset: Dataset) -> list[Concept]:
    """Return the concepts of a dataset; none where it names no file.

    Raises:
        InputError: If the file breaks a rule; names the line.
    """
    path = dataset.training.concepts
    return read_concepts(path.read_text(encoding="utf-8-sig").splitlines()) if path else []


def _concept_texts(concepts: list[Concept]) -> Iterator[tuple[str, list[str]]]:
    if concepts:
        yield "piece", [piece for one in concepts for piece in split_pieces(one.text)]
        yield "concept", [one.text for one in concepts]
