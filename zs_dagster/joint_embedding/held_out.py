"""Loss and retrieval of videos that give no gradient."""

import numpy as np
import torch
from numpy.typing import NDArray

from zs_dagster.joint_embedding.captioned import CaptionedSegments, IntArray
from zs_dagster.joint_embedding.network import JointNetwork
from zs_dagster.joint_embedding.parameters import JointParameters
from zs_dagster.joint_embedding.records import Records
from zs_dagster.joint_embedding.retrieval import ranks, retrieval
from zs_dagster.joint_embedding.tensors import Tensors

BATCH = 256


class HeldOut:
    """A part of the data to measure a network on, always in the same way.

    Args:
        data: All segments.
        segments: Those of the part.
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
    def loss(self, network: JointNetwork) -> float:
        """Return the mean loss over the records, with negatives drawn once."""
        network.eval()
        rows, total = self.records.fixed(), 0.0
        for batch in rows.batches(self._parameters.batch):
            video = network.embed_videos(*self._tensors.videos(batch.segment))
            total += float(self._tensors.loss(network, batch, video)) * len(batch)
        return total / len(rows)

    @torch.inference_mode()
    def retrieval(self, network: JointNetwork) -> dict[str, float]:
        """Return how well the segments find their captions among those of the part."""
        network.eval()
        with_norm = self._parameters.infer_norm == "layernorm"
        sentences = network.embed_sentences(
            self._tensors.sentences(self._captions), with_norm=with_norm
        )
        videos = np.concatenate(
            [self._embed(network, part, with_norm=with_norm) for part in self._chunks()]
        )
        return retrieval(ranks(videos, sentences.numpy(), self._own))

    def _chunks(self) -> list[IntArray]:
        # As at inference: the published model attends over the batch, which is one video then.
        size = 1 if self._parameters.compat_batch_axis else BATCH
        return [self._segments[i : i + size] for i in range(0, len(self._segments), size)]

    def _embed(
        self, network: JointNetwork, segments: IntArray, *, with_norm: bool
    ) -> NDArray[np.float32]:
        frames, is_padding = self._tensors.videos(segments)
        embedded = network.embed_videos(frames, is_padding, with_norm=with_norm)
        return np.asarray(embedded.numpy())
