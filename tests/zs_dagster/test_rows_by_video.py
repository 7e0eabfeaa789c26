from itertools import groupby
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.rows_by_video import RowsByVideo


@settings(deadline=None)  # The first call loads pyarrow's kernels.
@given(st.lists(st.sampled_from(["a", "b", "c/d", ""])))
def test_rows_are_those_of_their_video_in_order(videos: list[str]) -> None:
    rows: list[dict[str, Any]] = [{"video_id": v, "n": n} for n, v in enumerate(videos)]
    schema = pa.schema([("video_id", pa.string()), ("n", pa.int64())])
    found = RowsByVideo(pa.Table.from_pylist(rows, schema))
    assert list(found) == list(dict.fromkeys(videos))
    by_video = sorted(rows, key=lambda row: videos.index(row["video_id"]))
    expected = {k: list(some) for k, some in groupby(by_video, lambda row: row["video_id"])}
    assert dict(found) == expected
    assert (len(found), found.get("nobody")) == (len(expected), None)
