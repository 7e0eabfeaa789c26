"""Sentences by the text tower of a CLIP: short ones as they are, long ones by their parts."""

import importlib.util

import numpy as np
import pytest

from zs_dagster.errors import ModelError
from zs_dagster.models.loading import Models
from zs_dagster.models.sentences import load_sentence_encoder, sentence_fingerprint

SHORT = "a red ball rises from the bottom to the top."
LONG = f"{SHORT} a green square slides right from left to right. a moon grows."


def test_a_short_text_is_encoded_as_clip_does() -> None:
    encoder, clip = load_sentence_encoder("clip", "demo", Models()), Models().clip("demo")
    texts = [SHORT, "a moon"]
    np.testing.assert_allclose(encoder.encode_texts(texts), clip.encode_texts(texts), atol=1e-5)
    assert len(encoder.encode_texts([])) == 0


def test_a_text_too_long_for_the_model_is_the_mean_direction_of_its_sentences() -> None:
    encoder, clip = load_sentence_encoder("clip", "demo", Models()), Models().clip("demo")
    parts = clip.encode_texts([f"{part}." for part in LONG.rstrip(".").split(". ")])
    units = parts / np.linalg.norm(parts, axis=1, keepdims=True)
    found = encoder.encode_texts([SHORT, LONG])
    np.testing.assert_allclose(found[1], units.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(found[0], clip.encode_texts([SHORT])[0], atol=1e-5)


def test_encoders_are_told_apart_without_loading_them() -> None:
    names = ("clip", "sbert:one", "sbert:two")
    assert len({sentence_fingerprint(name, "demo") for name in names}) == 3


@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is not None,
    reason="sentence-transformers is installed",
)
def test_a_missing_package_is_told_with_its_remedy() -> None:
    with pytest.raises(ModelError, match="package sentence-transformers, which is not"):
        load_sentence_encoder("sbert:all-MiniLM-L6-v2", "demo", Models())
