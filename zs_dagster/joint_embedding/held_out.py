"""Loss and retrieval of videos that give no gradient."""

import numpy as np
import torch

from zs_dagster.joint_embedding.captioned import CaptionedSegments, IntArray
from zs_dagster.joint_embedding.network import JointNetwork
from zs_dagster.joint_embedding.parameters import JointParameters
from zs_dagster.joint_embedding.records import Records
from zs_dagster.joint_embedding.retrieval import ranks, retrieval
from zs_dagster.joint_embedding.tensors import Tensors


class HeldOut:
    """A part of the data to measure a network on, always in the same way.

    Args:
        data: All segments.
        segments: Those of the part, ascending.
        parameters: Of loss and inference.
    """

    def __init__(
        self, data: CaptionedSegments, segments: IntArray, parameters: JointParameters
    ) -> None:
        self._parameters, self._segments = parameters, segments
        self._captions, self._own = np.unique(data.caption[segments], return_inverse=True)
        self._tensors = Tensors(data, parameters)
        self.records = Records(data, segments, parameters)

    @torch.inference_mode()
    def measure(self, network: JointNetwork) -> dict[str, float]:
        """Return the mean ``loss`` over the records, and how well segments find their captions.

        Retrieval is among the captions of the part: ``r1``, ``r5`` and ``median_rank``.
        """
        network.eval()
        videos = self._embed(network, self._parameters.batch)
        loss = self._loss(network, videos)
        with_norm = self._parameters.infer_norm == "layernorm"
        if self._parameters.compat_batch_axis or not with_norm:
            # As at inference: the batch that is attended over is one video then.
            videos = self._embed(network, 1, with_norm=with_norm)
        captions = network.embed_sentences(
            self._tensors.sentences(self._captions), with_norm=with_norm
        )
        rank = ranks(videos.numpy(), captions.numpy(), self._own)
        return {"loss": loss, **retrieval(rank)}

    def _loss(self, network: JointNetwork, videos: torch.Tensor) -> float:
        total, count = 0.0, 0
        for rows in self.records.fixed():
            places = torch.from_numpy(np.searchsorted(self._segments, rows.segment))
            loss = self._tensors.loss(network, rows, videos[places])
            total, count = total + float(loss) * len(rows), count + len(rows)
        return total / count

    def _embed(
        self, network: JointNetwork, size: int, *, with_norm: bool = True
    ) -> torch.Tensor:
        """Return ``(N, J)`` for the segments of the part, ``size`` at once."""
        parts = [
            network.embed_videos(
                *self._tensors.videos(self._segments[start : start + size]),
                with_norm=with_norm,
            )
            for start in range(0, len(self._segments), size)
        ]
        return torch.cat(parts)
