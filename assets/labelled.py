"""The tables of segments as what is evaluated: columns, never rows."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zs_dagster.home import Home
from zs_dagster.segments import LabelledSegments, Segments


def true_segments(home: Home, dataset: str) -> LabelledSegments:
    """Return the ground truth; labels of whole videos are none. Scores are 1."""
    rows = home.tables.read("annotations", dataset)
    return _labelled(rows.filter(pc.is_valid(rows["start_s"])))


def found_segments(
    home: Home, dataset: str, methods: Iterable[str]
) -> dict[str, LabelledSegments]:
    """Return the segments that some methods found."""
    rows = home.tables.read("segments", dataset)
    return {name: _labelled(rows.filter(pc.equal(rows["method"], name))) for name in methods}


def _labelled(rows: pa.Table) -> LabelledSegments:
    start_s, end_s = (rows[name].to_numpy() for name in ("start_s", "end_s"))
    has_score = "score" in rows.column_names
    score = rows["score"].to_numpy() if has_score else np.ones(len(rows))
    return LabelledSegments(
        _texts(rows["video_id"]), _texts(rows["label"]), Segments(start_s, end_s, score)
    )


def _texts(column: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array of strings
    """Return the strings; of each different one a single copy goes through Python."""
    coded = column.combine_chunks().dictionary_encode()
    return np.array(coded.dictionary.to_pylist(), dtype=np.str_)[coded.indices.to_numpy()]
