"""What training makes small: the triplet loss, or InfoNCE over a batch."""

import math

import torch
from torch.nn import functional

MIN_TEMPERATURE = 0.01  # as CLIP limits its own scale to 100 (arXiv:2103.00020, section 2.5)


def triplet_loss(
    video: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor, margin: float = 1.0
) -> torch.Tensor:
    """Return the mean of ``max(0, |v - s+| - |v - s-| + margin)``, Euclidean.

    Args:
        video: Shape ``(B, J)``.
        positive: Shape ``(B, J)``, a sentence about each video.
        negative: Shape ``(B, n, J)``, sentences that are not about it.
        margin: > 0.
    """
    near = functional.pairwise_distance(video, positive)
    far = functional.pairwise_distance(video[:, None], negative)
    return functional.relu(near[:, None] - far + margin).mean()


def info_nce(
    video: torch.Tensor,
    sentence: torch.Tensor,
    is_positive: torch.Tensor,
    is_ignored: torch.Tensor,
    log_temperature: torch.Tensor,
) -> torch.Tensor:
    """Return the symmetric InfoNCE of a batch, over cosines divided by the temperature.

    Where a row has several positives, the probability that falls on any of them counts, as in
    MIL-NCE (Miech et al., arXiv:1912.06430, equation 1).

    Args:
        video: Shape ``(B, J)``.
        sentence: Shape ``(B, J)``, row by row about the videos.
        is_positive: Shape ``(B, B)``, symmetric, which sentences are about which video; true
            on the diagonal.
        is_ignored: Shape ``(B, B)``, symmetric, which are neither positive nor negative.
        log_temperature: Natural logarithm, kept at ``ln 0.01`` or more.
    """
    temperature = log_temperature.clamp(min=math.log(MIN_TEMPERATURE)).exp()
    cosine = functional.normalize(video, dim=-1) @ functional.normalize(sentence, dim=-1).T
    logits = (cosine / temperature).masked_fill(is_ignored & ~is_positive, -torch.inf)
    positives = logits.masked_fill(~is_positive, -torch.inf)
    ways = [
        logits.logsumexp(axis) - positives.logsumexp(axis)
        for axis in (1, 0)  # sentences of a video, videos of a sentence
    ]
    return torch.stack(ways).mean()
