"""What ZAR minimises: the entropy of predictions over views of one video.

Sources: MEMO (arXiv:2110.09506) and TPT (arXiv:2209.07511) minimise the entropy of the mean
prediction over the most confident views. Natural logarithm, float32 throughout: logits are
cosines times about 100.
"""

import math

import torch
from torch import Tensor

from zs_dagster.models.prompt_tuning.parameters import Objective


def entropies(logits: Tensor) -> Tensor:
    """Return the entropy of the softmax of each row.

    Args:
        logits: Shape ``(V, K)``.

    Returns:
        Shape ``(V,)`` in ``[0, ln K]``.
    """
    return _entropy(_log_probabilities(logits))


def marginal_entropy(logits: Tensor) -> Tensor:
    """Return the entropy of the mean of the softmaxes of ``(V, K)`` logits, a scalar.

    It is the mean entropy plus the mean KL divergence of each row from the mean row.
    """
    log_p = _log_probabilities(logits)
    return _entropy(torch.logsumexp(log_p, dim=0) - math.log(len(log_p)))


def mean_entropy(logits: Tensor) -> Tensor:
    """Return the mean of the entropies of the softmaxes of ``(V, K)`` logits, a scalar."""
    return entropies(logits).mean()


OBJECTIVES = {"marginal": marginal_entropy, "mean": mean_entropy}


def objective_value(logits: Tensor, objective: Objective) -> Tensor:
    """Return the objective of that name over ``(V, K)`` logits, a scalar."""
    return OBJECTIVES[objective](logits)


def select_confident(logits: Tensor, rho: float) -> Tensor:
    """Return the indices of the ``floor(rho * V)``, at least one, rows of least entropy.

    Args:
        logits: Shape ``(V, K)``.
        rho: Share to keep, in (0, 1].

    Returns:
        Indices by ascending entropy; of equal rows the earlier comes first.
    """
    # In floats 0.29 * 100 is just below 29.
    count = max(1, math.floor(rho * len(logits) + 1e-9))
    return torch.argsort(entropies(logits), stable=True)[:count]


def _log_probabilities(logits: Tensor) -> Tensor:
    log_p = torch.log_softmax(logits.float(), dim=-1)
    # Keeps 0 * log 0 at 0 where a logit is minus infinity.
    return log_p.clamp(min=torch.finfo(log_p.dtype).min)


def _entropy(log_p: Tensor) -> Tensor:
    return -(log_p.exp() * log_p).sum(dim=-1)
