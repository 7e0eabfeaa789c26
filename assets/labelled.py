"""The tables of segments as what is evaluated: columns, never rows."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zs_dagster.home import Home
from zs_dagster.segments import LabelledSegments, Segments

COLUMNS = ["video_id", "label", "start_s", "end_s", "score"]


def true_segments(home: Home, dataset: str) -> LabelledSegments:
    """Return the ground truth; labels of whole videos are none. Scores are 1."""
    rows = home.tables.read("annotations", dataset)
    return _labelled([rows.filter(pc.is_valid(rows["start_s"]))])


def found_segments(
    home: Home, dataset: str, methods: Iterable[str]
) -> dict[str, LabelledSegments]:
    """Return the segments that some methods found."""
    parts: dict[str, list[pa.Table]] = {name: [] for name in methods}
    for piece in home.tables.pieces("segments", dataset):
        for name, part in parts.items():
            part.append(piece.filter(pc.equal(piece["method"], name)).select(COLUMNS))
    return {name: _labelled(part) for name, part in parts.items()}


def _labelled(parts: Sequence[pa.Table]) -> LabelledSegments:
    rows = pa.concat_tables(parts)
    start_s, end_s = (rows[name].to_numpy() for name in ("start_s", "end_s"))
    has_score = "score" in rows.column_names
    score = rows["score"].to_numpy() if has_score else np.ones(len(rows))
    return LabelledSegments(
        _texts(rows["video_id"]), _texts(rows["label"]), Segments(start_s, end_s, score)
    )


def _texts(column: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array of strings
    """Return the strings, each different one once: 8 bytes a row, however long they are."""
    coded = column.combine_chunks().dictionary_encode()
    return np.array(coded.dictionary.to_pylist(), dtype=np.object_)[coded.indices.to_numpy()]
