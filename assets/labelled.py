"""The tables of segments as what is evaluated: columns, never rows."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zs_dagster.home import Home
from zs_dagster.segments import LabelledSegments, Segments

NAMES, NUMBERS = ("video_id", "label"), ("start_s", "end_s", "score")
Column = NDArray[Any]


def true_segments(home: Home, dataset: str) -> LabelledSegments:
    """Return the ground truth; labels of whole videos are none. Scores are 1."""
    columns = _Columns({})
    for piece in home.tables.pieces("annotations", dataset):
        columns.add(piece.filter(pc.is_valid(piece["start_s"])))
    return columns.segments()


def found_segments(
    home: Home, dataset: str, methods: Iterable[str]
) -> dict[str, LabelledSegments]:
    """Return the segments that some methods found."""
    texts: dict[str, str] = {}
    found = {name: _Columns(texts) for name in methods}
    for piece in home.tables.pieces("segments", dataset):
        for name, columns in found.items():
            columns.add(piece.filter(pc.equal(piece["method"], name)))
    return {name: columns.segments() for name, columns in found.items()}


class _Columns:
    """Columns that grow by pieces of a table: 8 bytes a value, however long the names are.

    Args:
        texts: Each different name, held once.
    """

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts
        self._parts: dict[str, list[Column]] = {name: [] for name in (*NAMES, *NUMBERS)}

    def add(self, rows: pa.Table) -> None:
        for name in NAMES:
            self._parts[name].append(self._names(rows[name]))
        for name in NUMBERS:
            # A copy: what it is a view of would be held as a whole.
            is_there = name in rows.column_names
            values = rows[name].to_numpy().copy() if is_there else np.ones(len(rows))
            self._parts[name].append(values)

    def segments(self) -> LabelledSegments:
        """Return what was added; it is handed over column by column."""
        video_id, label = (self._joined(name) for name in NAMES)
        start_s, end_s, score = (self._joined(name) for name in NUMBERS)
        return LabelledSegments(video_id, label, Segments(start_s, end_s, score))

    def _joined(self, name: str) -> Column:
        return np.concatenate(self._parts.pop(name))

    def _names(self, column: pa.ChunkedArray) -> Column:
        coded = column.combine_chunks().dictionary_encode()
        known = [self._texts.setdefault(text, text) for text in coded.dictionary.to_pylist()]
        names: Column = np.array(known, dtype=np.object_)[coded.indices.to_numpy()]
        return names
