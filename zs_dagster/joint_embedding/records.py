"""One part of the data as training sees it: records, their negatives and their batches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.captioned import CaptionedSegments, IntArray
from zs_dagster.joint_embedding.draws import Draw, generator
from zs_dagster.joint_embedding.negatives import Mined, NegativeSampler
from zs_dagster.joint_embedding.parameters import JointParameters


@dataclass(frozen=True, eq=False)
class Rows:
    """What a step, or a whole epoch, compares.

    Attributes:
        segment: Shape ``(B,)``.
        positive: Shape ``(B,)``, a sentence about each segment.
        negative: Shape ``(B, n)``, sentences that are not; n is 0 where none are needed.
    """

    segment: IntArray
    positive: IntArray
    negative: IntArray

    def __len__(self) -> int:
        return len(self.segment)

    def take(self, places: IntArray | slice) -> "Rows":
        """Select rows in the order given."""
        return Rows(self.segment[places], self.positive[places], self.negative[places])

    def apart(self) -> "Rows":
        """Return one row per negative."""
        count = self.negative.shape[1]
        return Rows(
            np.repeat(self.segment, count),
            np.repeat(self.positive, count),
            self.negative.reshape(-1, 1),
        )

    def batches(self, size: int) -> "list[Rows]":
        """Cut into batches of rows; the last may be smaller, no row is left out."""
        return [self.take(slice(start, start + size)) for start in range(0, len(self), size)]

    def batches_of(self, segments: IntArray, size: int) -> "list[Rows]":
        """Cut into batches of ``size`` segments, each with all its rows.

        Args:
            segments: Every segment that has rows, in the order wanted.
            size: >= 1; the last batch may be smaller.
        """
        place = np.zeros(int(segments.max()) + 1, dtype=np.int64)
        place[segments] = np.arange(len(segments))
        order = np.argsort(place[self.segment], kind="stable")
        ends = np.arange(size, len(segments), size)
        cuts = np.searchsorted(place[self.segment][order], ends)
        return [self.take(part) for part in np.split(order, cuts)]


class Records:
    """Pairs of a segment and a sentence about it, of one part of the data.

    Args:
        data: All segments.
        segments: Those of the part.
        parameters: Of negatives and batches.
        replicas: How often each pair occurs; each has negatives of its own.

    Raises:
        InputError: If negatives are needed and no record can have any.
    """

    def __init__(
        self,
        data: CaptionedSegments,
        segments: IntArray,
        parameters: JointParameters,
        replicas: int = 1,
    ) -> None:
        pairs = data.positives[np.isin(data.positives[:, 0], segments)]
        pairs = np.repeat(pairs, replicas, axis=0)
        self.segment, self.sentence = pairs[:, 0], pairs[:, 1]
        self._parameters = parameters
        self._mined: Mined | None = None
        if parameters.loss == "triplet":
            self._sampler = NegativeSampler(
                data.sentence_features,
                self.sentence,
                group_numbers(data.video)[self.segment],
                band=(parameters.d_min, parameters.d_max),
                max_tries=parameters.max_tries,
                seed=parameters.seed,
            )
            self._mined = self._sampler.draw(parameters.n_negatives)
            self._check_negatives(self._mined)

    def facts(self) -> dict[str, float]:
        """Return counts for the metrics of a training."""
        counts: dict[str, float] = {"records": len(self.segment)}
        if self._mined is not None:
            usable, distance = self._mined.usable, self._mined.distance
            counts |= {
                "triplets": int(usable.sum()) * distance.shape[1],
                "band_empty": int(self._mined.band_empty.sum()),
                "without_negative": int((~usable).sum()),
                "negative_distance": float(np.nanmean(distance, dtype=np.float64)),
            }
        return counts

    def fixed(self) -> list[Rows]:
        """Return all rows in batches, in their own order, with negatives drawn once."""
        rows = self._rows(self._mined)
        return rows.batches_of(np.unique(rows.segment), self._parameters.batch)

    def epoch(self, epoch: int) -> list[Rows]:
        """Return the rows of an epoch (from 1) in batches, in random order."""
        mined, size = self._mined, self._parameters.batch
        if mined is not None and self._parameters.negatives == "per_epoch":
            mined = self._sampler.draw(self._parameters.n_negatives, epoch)
        rows = self._rows(mined)
        rng = generator(self._parameters.seed, Draw.ORDER, epoch)
        if mined is not None and self._parameters.triplets_apart:
            rows = rows.apart()
            return rows.take(rng.permutation(len(rows))).batches(size)
        return rows.batches_of(rng.permutation(np.unique(rows.segment)), size)

    def _rows(self, mined: Mined | None) -> Rows:
        if mined is None:
            none = np.zeros((len(self.segment), 0), dtype=np.int64)
            return Rows(self.segment, self.sentence, none)
        usable = mined.usable
        negative = self.sentence[mined.records[usable]]
        return Rows(self.segment[usable], self.sentence[usable], negative)

    def _check_negatives(self, mined: Mined) -> None:
        if not mined.usable.any():
            raise InputError(
                "negatives need sentences of other videos; all records of a part of the data "
                f"have the same text or video, got {len(self.segment)} records; add captions"
            )


def group_numbers(video: Sequence[str]) -> IntArray:
    """Number the videos, ``(N,)``."""
    numbers: IntArray = np.unique(np.asarray(video, dtype=np.str_), return_inverse=True)[1]
    return numbers


def known_positives(data: CaptionedSegments, rows: Rows) -> NDArray[np.bool_]:
    """Say which sentences of a batch are about which segment: symmetric, ``(B, B)``.

    A pair is positive if it is among the data's, either way round, or if the two segments
    have one caption.
    """
    count = len(data.sentences)
    known = data.positives[:, 0] * count + data.positives[:, 1]
    is_known = np.isin(rows.segment[:, None] * count + rows.positive, known)
    caption = data.caption[rows.segment]
    positive: NDArray[np.bool_] = is_known | is_known.T | (caption[:, None] == caption)
    return positive
