"""An epoch of training CEZSAR (`default`) against a loop over triplets, in CPU time.

The workload is of ActivityNet Captions' shape: segments of 24 known frames, a caption and two
more sentences each, features 512 wide, ten negatives per pair. The reference is the published
way: negatives by drawing one record after another and comparing the two sentences in Python
until one lies in the band; a data set that is asked for one triplet at a time; one pass of the
frames per triplet. Network, loss, optimizer and band are the same, and the loss of the same
triplets must be. The limit is the matrix products of ours, forward and twice backward.

Usage: python benchmarks/speed/cezsar_train.py [--quick] [--json FILE].
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from measured import Measured, cpu_s, exponent, main

from zs_dagster.joint_embedding.captioned import CaptionedSegments
from zs_dagster.joint_embedding.model import JointModel
from zs_dagster.joint_embedding.parameters import JointParameters
from zs_dagster.joint_embedding.records import Records, Rows, group_numbers
from zs_dagster.joint_embedding.state import StateFile
from zs_dagster.joint_embedding.tensors import Tensors
from zs_dagster.joint_embedding.training import Training

WIDTH, KNOWN, SENTENCES, TOPICS = 512, 24, 3, 20
PARAMETERS = JointParameters()
STILL = replace(PARAMETERS, dropout=0.0, inner_dropout=0.0)
Triplet = tuple[int, int, int]
"""A segment, a sentence about it and one that is not."""


def measure(quick: bool) -> list[Measured]:
    """Time an epoch at 1, 4 and 16 times the segments, and some triplets by the loop."""
    torch.set_num_threads(1)
    most, mined, stepped = (256, 64, 64) if quick else (1024, 256, 256)
    data = {times: captioned(most * times // 16) for times in (1, 4, 16)}
    check_same(data[1])
    grown = {times: epoch(one) for times, one in data.items()}
    loop = Loop(data[16])
    mining = cpu_s(lambda: loop.mine(mined), 1) / mined
    triplets = loop.mine(mined)[:stepped]
    step = cpu_s(lambda: loop.step(triplets), 2) / stepped
    records = len(loop.records.segment)
    reference = records * (mining + PARAMETERS.n_negatives * step)
    return [
        Measured(
            what=f"CEZSAR, an epoch: {most} captioned segments, {records} pairs to learn from",
            unit="CPU s",
            ours=grown[16],
            reference=reference,
            reference_is=f"a loop over triplets, from {mined} pairs and {stepped} triplets",
            limit=products(data[16]),
            limit_is="its matrix products",
            goal="exponent at most 1.15",
            reached=exponent(grown) <= 1.15,
            growth=grown,
            details={
                "mining_cpu_s": cpu_s(lambda: loop.records.epoch(1)),
                "mining_by_the_loop_cpu_s": records * mining,
                "steps_by_the_loop_cpu_s": records * PARAMETERS.n_negatives * step,
            },
        )
    ]


def captioned(segments: int) -> CaptionedSegments:
    """Draw segments, two per video, whose sentences are about a few topics."""
    rng = np.random.default_rng(0)
    count = segments * SENTENCES
    topic, shared = rng.normal(size=(TOPICS, WIDTH)), rng.normal(size=WIDTH)
    about = topic[np.arange(count) % TOPICS] + shared
    caption = np.arange(segments) * SENTENCES
    return CaptionedSegments(
        frames=rng.normal(size=(segments * KNOWN, WIDTH)).astype(np.float16),
        first=np.arange(segments + 1) * KNOWN,
        video=[f"video {number // 2}" for number in range(segments)],
        sentences=[f"sentence {number}" for number in range(count)],
        sentence_features=(about + 0.7 * rng.normal(size=about.shape)).astype(np.float32),
        caption=caption,
        positives=np.column_stack([np.arange(count) // SENTENCES, np.arange(count)]),
    )


def training(data: CaptionedSegments) -> Training:
    """Begin a training that is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        return Training(data, PARAMETERS, StateFile(Path(folder) / "state", "benchmark"))


def epoch(data: CaptionedSegments) -> float:
    """CPU seconds of the negatives and steps of one epoch."""
    begun = training(data)

    def work() -> None:
        for rows in begun._records.epoch(1):
            begun._step(rows)

    return cpu_s(work, 2)


class Loop:
    """The reference."""

    def __init__(
        self, data: CaptionedSegments, parameters: JointParameters = PARAMETERS
    ) -> None:
        self.data, self.records = data, training(data)._records
        self._group = group_numbers(data.video)
        self.network = JointModel.initial(WIDTH, WIDTH, parameters).network
        self._optimizer = torch.optim.AdamW(self.network.parameters(), lr=parameters.lr)
        self._rng = np.random.default_rng(0)

    def mine(self, count: int) -> list[Triplet]:
        """Draw the negatives of the first pairs."""
        return [
            (
                int(self.records.segment[pair]),
                int(self.records.sentence[pair]),
                self._negative(pair),
            )
            for pair in range(count)
            for _ in range(PARAMETERS.n_negatives)
        ]

    def step(self, triplets: Sequence[Triplet]) -> None:
        """Descend once."""
        self._optimizer.zero_grad()
        self.loss(triplets).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), PARAMETERS.gradient_clip)
        self._optimizer.step()

    def loss(self, triplets: Sequence[Triplet]) -> torch.Tensor:
        """Pass each triplet through the network on its own."""
        items = [self._item(*triplet) for triplet in triplets]
        frames, positive, negative = (torch.stack(part) for part in zip(*items, strict=True))
        seen = torch.zeros(frames.shape[:2], dtype=torch.bool)
        video = self._scaled(self.network.embed_videos(frames, seen))
        near, far = (
            torch.nn.functional.pairwise_distance(
                video, self._scaled(self.network.embed_sentences(rows))
            )
            for rows in (positive, negative)
        )
        return torch.relu(near - far + PARAMETERS.margin).mean()

    def _negative(self, pair: int) -> int:
        sentences, segments = self.records.sentence, self.records.segment
        mine = self.data.sentence_features[sentences[pair]]
        while True:
            drawn = int(self._rng.integers(len(sentences)))
            theirs = self.data.sentence_features[sentences[drawn]]
            cosine = mine @ theirs / (np.linalg.norm(mine) * np.linalg.norm(theirs))
            is_other = self._group[segments[drawn]] != self._group[segments[pair]]
            if is_other and PARAMETERS.d_min < 1 - cosine < PARAMETERS.d_max:
                return int(sentences[drawn])

    def _item(self, segment: int, positive: int, negative: int) -> tuple[torch.Tensor, ...]:
        count = PARAMETERS.frames
        places = [int((i + 0.5) / count * KNOWN) for i in range(count)]
        frames = self.data.frames[self.data.first[segment] :][places].astype(np.float32)
        rows = (self.data.sentence_features[row] for row in (positive, negative))
        return torch.from_numpy(frames), *(torch.from_numpy(row) for row in rows)

    @staticmethod
    def _scaled(rows: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(rows, dim=-1) * rows.shape[-1] ** 0.5


def check_same(data: CaptionedSegments) -> None:
    """Refuse to time what has another loss on the same triplets, or negatives off the band."""
    loop = Loop(data, STILL)
    rows: Rows = Records(data, np.unique(loop.records.segment), PARAMETERS).fixed()[0]
    triplets = [
        (int(segment), int(positive), int(one))
        for segment, positive, negatives in zip(
            rows.segment, rows.positive, rows.negative, strict=True
        )
        for one in negatives
    ]
    tensors = Tensors(data, STILL)
    with torch.no_grad():
        video = loop.network.embed_videos(*tensors.videos(rows.segment))
        ours = tensors.loss(loop.network, rows, video)
        torch.testing.assert_close(ours, loop.loss(triplets), rtol=1e-4, atol=1e-4)


def products(data: CaptionedSegments) -> float:
    """CPU seconds of the products of all layers: one forward, two backward."""
    network = training(data)._model.network
    shapes = []
    for rows in training(data)._records.epoch(1):
        segments = len(np.unique(rows.segment))
        sentences = rows.positive.size + rows.negative.size
        for name, weight in network.named_parameters():
            if weight.ndim == 2:
                at_end = sentences if name.startswith("sentence") else segments
                tokens = segments * PARAMETERS.frames
                size = tokens if name.startswith("video.") else at_end
                is_first = name in ("video.project.weight", "sentence.weight")
                shapes.append((size, *weight.shape, is_first))
    given = {
        shape: (torch.randn(shape[0], shape[2]), torch.randn(shape[0], shape[1]))
        for shape in set(shapes)
    }

    def work() -> None:
        for shape in shapes:
            inputs, slopes = given[shape]
            weight = slopes.T @ inputs
            torch.mm(inputs, weight.T)
            if not shape[3]:  # Nothing learns from the slopes of features.
                torch.mm(slopes, weight)

    return cpu_s(work, 2)


if __name__ == "__main__":
    main("cezsar_train", __doc__ or "", measure)
