"""Aggregators by name, their parameters, and several views as one."""

from typing import Any

import numpy as np
import pytest

from zs_dagster.classification.aggregation import aggregator, combine_views
from zs_dagster.classification.pooling import Agree, MeanLogit
from zs_dagster.classification.softmax import softmax
from zs_dagster.errors import InputError

SCALE = 100.0


def test_views_are_averaged_as_probabilities_or_as_logits() -> None:
    views = np.array([[0.3, 0.1], [0.0, 0.1]])
    mean = softmax(SCALE * views).mean(axis=0)
    np.testing.assert_allclose(softmax(SCALE * combine_views(views)), mean, rtol=1e-9)
    np.testing.assert_allclose(combine_views(views, "logit"), [0.15, 0.1])
    np.testing.assert_allclose(combine_views(views[:1], "logit"), views[0])
    with pytest.raises(InputError, match="mean of views must be one of probability, logit"):
        combine_views(views, "median")
    with pytest.raises(
        InputError, match=r"scores must have shape \(V, K\), V >= 1, got \(2,\)"
    ):
        combine_views(views[0])


def test_an_aggregator_without_parameters_has_its_defaults() -> None:
    assert aggregator("mean_logit") == MeanLogit()
    assert aggregator("agree", {"keep": 1}) == Agree(keep=1)


@pytest.mark.parametrize(
    ("name", "parameters", "rule"),
    [
        ("median", {}, "aggregator must be one of mean_embed, .*, agree, got 'median'"),
        ("topk", {"n": 1}, "aggregator 'topk' has the parameters k, got n"),
        ("max", {"k": 1}, "aggregator 'max' has the parameters none, got k"),
        ("topk", {"k": 0}, "k must be a whole number >= 1, got 0"),
        ("topk", {"k": True}, "k must be a whole number >= 1, got True"),
        ("topk", {"k": 2.0}, "k must be a whole number >= 1, got 2.0"),
        ("lme", {"beta": 0}, "beta must be a finite number > 0, got 0"),
        ("lme", {"beta": float("nan")}, "beta must be a finite number > 0, got nan"),
        ("text_attn", {"tau": "0.1"}, "tau must be a finite number > 0, got '0.1'"),
        ("text_attn", {"is_renormalised": 1}, "is_renormalised must be true or false, got 1"),
        ("vcs", {"tau": -1}, "tau must be a finite number > 0, got -1"),
        ("self_attn", {"beta": -1}, "beta must be a finite number >= 0, got -1"),
        ("agree", {"keep": 1.5}, r"keep must be a share in \(0, 1\], got 1.5"),
        ("agree", {"keep": 0}, "keep must be a finite number > 0, got 0"),
        ("mean_prob", {"scale": float("inf")}, "scale must be a finite number > 0, got inf"),
        ("mean_embed", {"is_prenormalised": None}, "is_prenormalised must be true or false"),
    ],
)
def test_parameters_out_of_range_are_refused(
    name: str, parameters: dict[str, Any], rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        aggregator(name, parameters)
