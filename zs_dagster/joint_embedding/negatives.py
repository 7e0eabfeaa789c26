"""Automatic negative sampling: sentences that are related to a positive, yet not about it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.joint_embedding.captioned import IntArray
from zs_dagster.joint_embedding.draws import words
from zs_dagster.similarity import Matrix, normalised

BLOCK = 256  # records at once; bounds the memory
DIGITS = 9  # of a distance; what is below is rounding, and would decide at the ends of the band
PROBES = 25  # random probes per record at once
NOBODY = -1


@dataclass(frozen=True, eq=False)
class Mined:
    """Negatives of R records.

    Attributes:
        records: Shape ``(R, n)``, a record with a negative sentence; -1 where none can be.
        distance: Shape ``(R, n)``, cosine distance between positive and negative; NaN for -1.
        band_empty: Shape ``(R,)``, whether no record lies in the band, so that the nearest
            one beyond it is taken (or the farthest before it, where none is beyond).
    """

    records: IntArray
    distance: Matrix
    band_empty: NDArray[np.bool_]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which records have negatives at all, ``(R,)``."""
        usable: NDArray[np.bool_] = self.records[:, 0] != NOBODY
        return usable


class NegativeSampler:
    """Draws negatives of one part of the data.

    A candidate for record i is every record of another group and another text whose sentence
    is at a cosine distance in the open interval ``(d_min, d_max)``. Draws are uniform over the
    candidates, with replacement, and depend on seed, epoch and record alone: at most
    ``max_tries`` random probes, then a search among all records.

    Args:
        features: Shape ``(U, S)``, un-normalised features of the texts.
        text: Shape ``(R,)``, the text of each record in ``features``.
        group: Shape ``(R,)``, the group (video) of each record.
        d_min: Lower end of the band.
        d_max: Upper end.
        max_tries: Random probes per record, >= 0.
        seed: Of the draws.
    """

    def __init__(
        self,
        features: NDArray[Any],
        text: IntArray,
        group: IntArray,
        *,
        band: tuple[float, float],
        max_tries: int = 200,
        seed: int = 0,
    ) -> None:
        self._unit = normalised(features)
        self._text, self._group = text, group
        self._d_min, self._d_max = band
        self._max_tries, self._seed = max_tries, seed

    def draw(self, count: int, epoch: int = 0) -> Mined:
        """Draw ``count`` negatives for every record.

        Source: the published sampler draws until one lies in the band, which need not end; the
        exclusion of groups and texts, the search and the fallback are ours.
        """
        total = len(self._text)
        found = Mined(
            np.full((total, count), NOBODY),
            np.full((total, count), np.nan),
            np.zeros(total, dtype=np.bool_),
        )
        for start in range(0, total, BLOCK):
            rows = np.arange(start, min(start + BLOCK, total))
            short = self._probe(rows, epoch, found)
            if len(short):
                self._search(short, epoch, found)
        return found

    def candidates(self, rows: IntArray) -> NDArray[np.bool_]:
        """Say which of all R records are candidates of some: shape ``(B, R)``."""
        return self._in_band(self._all_distances(rows)) & self._allowed(rows)

    def _probe(self, rows: IntArray, epoch: int, found: Mined) -> IntArray:
        """Fill in what random probes hit; return the records that lack some."""
        count, filled = found.records.shape[1], np.zeros(len(rows), dtype=np.int64)
        for start in range(0, self._max_tries, PROBES):
            lacking = np.flatnonzero(filled < count)
            if not len(lacking):
                break
            stop = min(start + PROBES, self._max_tries)
            mine = rows[lacking]
            drawn = words(self._seed, epoch, mine, stop)[:, start:] % np.uint64(len(self._text))
            probes = drawn.astype(np.int64)
            distance = self._distance(mine, probes)
            hit = self._in_band(distance) & self._differ(mine, probes)
            place = filled[lacking][:, None] + hit.cumsum(axis=1) - 1
            row, column = np.nonzero(hit & (place < count))
            target = mine[row], place[row, column]
            found.records[target] = probes[row, column]
            found.distance[target] = distance[row, column]
            filled[lacking] += hit.sum(axis=1)
        lacking_rows: IntArray = rows[filled < count]
        return lacking_rows

    def _search(self, rows: IntArray, epoch: int, found: Mined) -> None:
        """Fill in what is missing from all candidates, or from beyond the band."""
        distance, allowed = self._all_distances(rows), self._allowed(rows)
        in_band = self._in_band(distance) & allowed
        count = found.records.shape[1]
        drawn = words(self._seed, epoch, rows, self._max_tries + count)[:, self._max_tries :]
        for place, row in enumerate(rows):
            options = np.flatnonzero(in_band[place])
            if not len(options):
                options = self._beyond(distance[place], allowed[place])
                found.band_empty[row] = True
            if len(options):
                chosen = options[(drawn[place] % np.uint64(len(options))).astype(np.int64)]
                missing = found.records[row] == NOBODY
                found.records[row, missing] = chosen[missing]
                found.distance[row, missing] = distance[place, chosen[missing]]

    def _beyond(self, distance: Matrix, allowed: NDArray[np.bool_]) -> IntArray:
        """Return the nearest record beyond the band, else the farthest before it, else none."""
        beyond = np.flatnonzero(allowed & (distance >= self._d_max))
        if len(beyond):
            return beyond[[distance[beyond].argmin()]]
        before = np.flatnonzero(allowed)
        return before[[distance[before].argmax()]] if len(before) else before

    def _in_band(self, distance: Matrix) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = (distance > self._d_min) & (distance < self._d_max)
        return inside

    def _allowed(self, rows: IntArray) -> NDArray[np.bool_]:
        return self._differ(rows, np.arange(len(self._text))[None])

    def _differ(self, rows: IntArray, others: IntArray) -> NDArray[np.bool_]:
        """Say where group and text differ, ``(B, ...)`` for others of that shape."""
        group = self._group[others] != self._group[rows][:, None]
        differ: NDArray[np.bool_] = group & (self._text[others] != self._text[rows][:, None])
        return differ

    def _distance(self, rows: IntArray, others: IntArray) -> Matrix:
        mine, theirs = self._unit[self._text[rows]], self._unit[self._text[others]]
        return _rounded(np.matmul(theirs, mine[:, :, None])[..., 0])

    def _all_distances(self, rows: IntArray) -> Matrix:
        cosine = self._unit[self._text[rows]] @ self._unit.T
        return _rounded(cosine[:, self._text])


def _rounded(cosine: Matrix) -> Matrix:
    return np.round(1 - cosine, DIGITS)
