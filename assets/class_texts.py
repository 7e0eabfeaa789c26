"""The sentences of the classes of a dataset, and their features."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.classification.templates import (
    Prompts,
    description_prompts,
    template_prompts,
    templates_of,
)
from zs_dagster.datasets.classification import ClipClassifier
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import StoreError
from zs_dagster.home import Home

SENTENCE = "sentence"


def prompts_of(
    classifier: ClipClassifier, dataset: Dataset, descriptions: Mapping[str, str]
) -> Prompts:
    """Return the sentences of all classes, as a classifier asks for them.

    Raises:
        InputError: If the templates are none.
    """
    if classifier.texts == "descriptions":
        given = {label: [descriptions[label]] for label in dataset.classes}
        return description_prompts(dataset.classes, given)
    names = [dataset.prompt_names[label] for label in dataset.classes]
    return template_prompts(names, templates_of(classifier.templates))


def clip_classifiers(dataset: Dataset) -> dict[str, ClipClassifier]:
    """Return the CLIP classifiers of a dataset by name."""
    found = dataset.classification.classifiers.items()
    return {name: one for name, one in found if isinstance(one, ClipClassifier)}


def sentences(dataset: Dataset, descriptions: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return label and sentence of all that the classifiers of a dataset ask for, once each."""
    found: dict[tuple[str, str], None] = {}
    for classifier in clip_classifiers(dataset).values():
        prompts = prompts_of(classifier, dataset, descriptions)
        for sentence, group in zip(prompts.sentences, prompts.group, strict=True):
            found[dataset.classes[group], sentence] = None
    return list(found)


def text_features(home: Home, dataset: str) -> dict[str, NDArray[Any]]:
    """Return the feature ``(D,)`` of every encoded sentence of a dataset."""
    rows = home.tables.rows("class_embeddings", dataset)
    return {
        row["text"]: home.store.load_arrays("class_embeddings", row["key"])["feature"]
        for row in rows
    }


def features_of(prompts: Prompts, known: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the features of the sentences ``(N, D)``, in their order.

    Raises:
        StoreError: If one was never encoded, as the templates changed since.
    """
    absent = [sentence for sentence in prompts.sentences if sentence not in known]
    if absent:
        raise StoreError(
            f"the sentence '{absent[0]}' has no features ({len(absent)} of "
            f"{len(prompts.sentences)}); materialise `class_embeddings` first"
        )
    return np.stack([known[sentence] for sentence in prompts.sentences])


def descriptions_of(home: Home, dataset: str) -> dict[str, str]:
    """Return the description of every class."""
    rows = home.tables.rows("class_queries", dataset)
    return {row["label"]: row["description"] for row in rows}
