"""One text feature per class from the features of many sentences."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.classification.templates import Prompts
from zs_dagster.classification.unit_vectors import unit
from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray


def prototypes(features: NDArray[Any], prompts: Prompts) -> FloatArray:
    """Average the sentences of each group: normalise, weighted mean, normalise.

    The embedding ensemble of CLIP (arXiv:2103.00020, section 3.1.4).

    Args:
        features: Shape ``(N, D)``, un-normalised text features of ``prompts.sentences``.
        prompts: Which sentence belongs to which of G groups.

    Returns:
        Shape ``(G, D)``, unit length, fp64.

    Raises:
        InputError: If the features do not fit the sentences, or those of a group cancel out.
    """
    directions = unit(_fitting(features, prompts), "text features")
    sums = np.zeros((int(prompts.group.max()) + 1, directions.shape[1]))
    np.add.at(sums, prompts.group, directions * prompts.weight[:, None])
    totals = np.bincount(prompts.group, weights=prompts.weight)
    return unit(sums / totals[:, None], "means of text features")


def template_prototypes(features: NDArray[Any], n_templates: int) -> FloatArray:
    """Keep the templates apart, for `mean_probability_scores` over their scores.

    The probability ensemble: score a video against the classes of each template, then
    average the softmaxes.

    Args:
        features: Shape ``(G * P, D)``, un-normalised, in the order of `template_prompts`.
        n_templates: P, >= 1.

    Returns:
        Shape ``(P, G, D)``, unit length, fp64.

    Raises:
        InputError: If the rows are no multiple of P.
    """
    rows = np.asarray(features)
    if n_templates < 1 or rows.ndim != 2 or len(rows) % n_templates:
        raise InputError(
            f"text features must have shape (G * {n_templates}, D), got {rows.shape}"
        )
    directions = unit(rows, "text features")
    return directions.reshape(-1, n_templates, rows.shape[1]).swapaxes(0, 1)


def _fitting(features: NDArray[Any], prompts: Prompts) -> NDArray[Any]:
    rows = np.asarray(features)
    if rows.ndim != 2 or len(rows) != len(prompts.sentences) or not len(rows):
        raise InputError(
            f"text features must have shape ({len(prompts.sentences)}, D), one row per "
            f"sentence and at least one, got {rows.shape}"
        )
    return rows
