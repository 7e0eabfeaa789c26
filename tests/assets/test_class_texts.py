"""Sentences of classes and their features."""

import numpy as np
import pytest

from assets.class_texts import features_of
from zs_dagster.classification.templates import template_prompts
from zs_dagster.errors import StoreError


def test_features_come_in_the_order_of_the_sentences() -> None:
    prompts = template_prompts(["a", "b"], ["{}"])
    known = {"b": np.array([2.0]), "a": np.array([1.0])}
    assert features_of(prompts, known).tolist() == [[1.0], [2.0]]


def test_a_sentence_that_was_never_encoded_says_what_to_materialise() -> None:
    prompts = template_prompts(["a", "b"], ["{}", "no {}"])
    rule = r"the sentence 'no a' has no features \(2 of 4\); materialise `class_embeddings`"
    with pytest.raises(StoreError, match=rule):
        features_of(prompts, {"a": np.ones(1), "b": np.ones(1)})
