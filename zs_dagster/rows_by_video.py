"""The rows of a table, video by video."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from typing_extensions import override


class RowsByVideo(Mapping[str, list[dict[str, Any]]]):
    """Rows by ``video_id``, videos in the order of their first rows.

    The table stays in columns, a tenth of what rows take; rows are made as they are asked for.

    Args:
        data: Has a column ``video_id``.
    """

    def __init__(self, data: pa.Table) -> None:
        coded = data["video_id"].combine_chunks().dictionary_encode()
        videos = coded.indices.to_numpy()
        order = np.argsort(videos, kind="stable")
        ends = np.cumsum(np.bincount(videos, minlength=len(coded.dictionary))).tolist()
        names = coded.dictionary.to_pylist()
        self._data = data.take(order)
        # The last one starts nothing.
        self._rows = dict(zip(names, zip([0, *ends], ends, strict=False), strict=True))

    @override
    def __getitem__(self, video: str) -> list[dict[str, Any]]:
        start, end = self._rows[video]
        rows: list[dict[str, Any]] = self._data.slice(start, end - start).to_pylist()
        return rows

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    @override
    def __len__(self) -> int:
        return len(self._rows)
