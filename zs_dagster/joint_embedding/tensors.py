"""The data as tensors, and the loss of some of its rows."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from zs_dagster.joint_embedding.captioned import CaptionedSegments, IntArray
from zs_dagster.joint_embedding.losses import info_nce, triplet_loss
from zs_dagster.joint_embedding.network import JointNetwork
from zs_dagster.joint_embedding.parameters import JointParameters
from zs_dagster.joint_embedding.records import Rows, group_numbers, known_positives
from zs_dagster.joint_embedding.windows import leading, spread


class Tensors:
    """All frames and sentences, each as one tensor.

    Args:
        data: The segments.
        parameters: Which frames are chosen and what the loss is.
    """

    def __init__(self, data: CaptionedSegments, parameters: JointParameters) -> None:
        self._data, self._parameters = data, parameters
        self._frames = torch.tensor(data.frames)
        self._sentences = torch.tensor(data.sentence_features)
        self._length = np.diff(data.first)
        self._group = group_numbers(data.video)

    def videos(
        self, segments: IntArray, offset: NDArray[np.float64] | float = 0.5
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return frames ``(B, T, D)`` of segments, and what of them is padding ``(B, T)``.

        Args:
            segments: B numbers.
            offset: As for `spread`; not used where the first frames are taken.
        """
        count, length = self._parameters.frames, self._length[segments]
        is_first = self._parameters.frame_choice == "first"
        places, padding = leading(length, count) if is_first else spread(length, count, offset)
        rows = torch.from_numpy(self._data.first[segments][:, None] + places)
        is_padding = torch.from_numpy(padding)
        frames = self._frames[rows].float().masked_fill(is_padding[..., None], 0.0)
        return frames, is_padding

    def sentences(self, rows: IntArray) -> torch.Tensor:
        """Return features ``(B, S)`` of sentences."""
        return self._sentences[torch.from_numpy(rows)]

    def loss(self, network: JointNetwork, rows: Rows, video: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of rows whose videos are embedded, ``(B, J)``."""
        size, count = rows.negative.shape
        stacked = np.concatenate([rows.positive, rows.negative.reshape(-1)])
        embedded = self._scaled(network.embed_sentences(self.sentences(stacked)))
        video, positive = self._scaled(video), embedded[:size]
        if self._parameters.loss == "triplet":
            negative = embedded[size:].view(size, count, -1)
            return triplet_loss(video, positive, negative, self._parameters.margin)
        group = self._group[rows.segment]
        is_positive = torch.from_numpy(known_positives(self._data, rows))
        is_ignored = torch.from_numpy(group[:, None] == group)
        return info_nce(video, positive, is_positive, is_ignored, network.log_temperature)

    def _scaled(self, embedded: torch.Tensor) -> torch.Tensor:
        """Give residual embeddings the length that LayerNorm gives the others."""
        if not self._parameters.residual:
            return embedded
        scaled: torch.Tensor = (
            functional.normalize(embedded, dim=-1) * embedded.shape[-1] ** 0.5
        )
        return scaled
