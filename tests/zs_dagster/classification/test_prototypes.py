"""Prototypes: by hand, by property, and against open_clip."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.classification.prototypes import prototypes, template_prototypes
from zs_dagster.classification.softmax import mean_probability_scores, softmax
from zs_dagster.classification.templates import (
    PRESETS,
    Prompts,
    description_prompts,
    template_prompts,
)
from zs_dagster.errors import InputError

SEEDS = st.integers(0, 2**32 - 1)
NAMES = ["golf swing", "high jump", "yo yo"]


def features(seed: int, count: int, width: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, width))


def filled(n_templates: int, n_names: int = 3) -> Prompts:
    return template_prompts(NAMES[:n_names], [f"{i} {{}}" for i in range(n_templates)])


def unit(rows: np.ndarray) -> np.ndarray:
    directions: np.ndarray = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return directions


def test_by_hand() -> None:
    # Directions (1, 0) and (0, 1), the second with weight 3: (1, 3) / sqrt(10).
    prompts = description_prompts(["a", "b"], {"a": ["x", "y"], "b": ["z"]}, {"a": [1, 3]})
    found = prototypes(np.array([[5, 0], [0, 2], [3, 4]]), prompts)
    np.testing.assert_allclose(found, [[0.1**0.5, 3 * 0.1**0.5], [0.6, 0.8]], rtol=1e-15)


@given(SEEDS, st.integers(1, 5))
def test_an_ensemble_has_length_one_and_no_order(seed: int, n_templates: int) -> None:
    rows = features(seed, 3 * n_templates)
    found = prototypes(rows, filled(n_templates))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-12)
    turned = rows.reshape(3, n_templates, -1)[:, ::-1].reshape(rows.shape)
    np.testing.assert_allclose(prototypes(turned, filled(n_templates)), found, atol=1e-12)


@given(SEEDS, st.integers(1, 4))
def test_one_template_is_plain_and_so_is_a_repeated_one(seed: int, copies: int) -> None:
    rows = features(seed, 3)
    np.testing.assert_allclose(prototypes(rows, filled(1)), unit(rows), rtol=1e-12)
    repeated = prototypes(rows.repeat(copies, axis=0), filled(copies))
    np.testing.assert_allclose(repeated, unit(rows), rtol=1e-12)


@given(SEEDS, st.floats(1e-3, 1e3))
def test_the_length_of_a_feature_does_not_matter(seed: int, factor: float) -> None:
    rows = features(seed, 6)
    found = prototypes(rows, filled(2))
    rows[1] *= factor
    np.testing.assert_allclose(prototypes(rows, filled(2)), found, atol=1e-12)


@given(SEEDS)
def test_an_ensemble_resembles_a_frame_at_least_as_its_templates_do(seed: int) -> None:
    rows, frame = unit(features(seed, 4)), unit(features(seed + 1, 1))[0]
    each = rows @ frame
    if each.mean() > 0:
        assert prototypes(rows, filled(4, 1))[0] @ frame >= each.mean() - 1e-12


def test_probability_ensembles_keep_templates_apart() -> None:
    rows, frame = features(1, 6), unit(features(2, 1))[0]
    apart = template_prototypes(rows, 2)
    assert apart.shape == (2, 3, 6)
    # Sentence 2 g + p is name g in template p.
    for name, template in ((0, 1), (2, 0)):
        row = unit(rows[2 * name + template])
        np.testing.assert_allclose(apart[template, name], row)
    scores = apart @ frame
    expected = softmax(20 * scores).mean(axis=0)
    found = softmax(20 * mean_probability_scores(scores, 20.0))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_classifier_is_that_of_open_clip() -> None:
    import open_clip
    import torch

    torch.manual_seed(0)
    text = {"context_length": 40, "vocab_size": 128, "width": 32, "heads": 2, "layers": 2}
    vision = {"image_size": 32, "patch_size": 16, "width": 32, "head_width": 16, "layers": 1}
    model = open_clip.CLIP(embed_dim=24, vision_cfg=vision, text_cfg=text).eval()

    def tokenize(texts: Sequence[str]) -> torch.Tensor:
        # The model pools at the highest token, which must end the text.
        codes = [[*text.encode()[:39], 127] for text in texts]
        return torch.tensor([row + [0] * (40 - len(row)) for row in codes])

    templates = PRESETS["kinetics28"]
    theirs = open_clip.build_zero_shot_classifier(model, tokenize, NAMES, templates)
    prompts = template_prompts(NAMES, templates)
    with torch.no_grad():
        encoded = model.encode_text(tokenize(prompts.sentences)).numpy()
    ours = prototypes(encoded, prompts)
    assert np.abs(ours - theirs.numpy().T).max() < 1e-6
    # The classes differ by far more than that.
    assert np.abs(ours[0] - ours[1]).max() > 1e-3


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (np.ones((2, 3)), r"text features must have shape \(3, D\).*got \(2, 3\)"),
        (np.ones(3), r"text features must have shape \(3, D\)"),
        (np.array([[1, 0], [0, 0], [1, 1]]), "must be finite and not zero; 1 of 3 are not"),
        (np.array([[1, 0], [np.nan, 0], [1, 1]]), "^text features must be finite and not zero"),
        (np.array([[1, 0], [np.inf, 0], [1, 1]]), "^text features must be finite and not zero"),
    ],
)
def test_features_that_do_not_fit_are_refused(rows: np.ndarray, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        prototypes(rows, filled(1))


def test_sentences_that_cancel_out_are_refused() -> None:
    with pytest.raises(InputError, match="means of text features must be finite and not zero"):
        prototypes(np.array([[1.0, 2.0], [-1.0, -2.0]]), filled(2, 1))


@pytest.mark.parametrize("n_templates", [0, 2])
def test_rows_must_be_a_multiple_of_the_templates(n_templates: int) -> None:
    with pytest.raises(InputError, match=rf"\(G \* {n_templates}, D\), got \(3, 6\)"):
        template_prototypes(features(0, 3), n_templates)
