from itertools import groupby

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.rows_by_video import RowsByVideo


@given(st.lists(st.sampled_from(["a", "b", "c/d", ""])))
def test_rows_are_those_of_their_video_in_order(videos: list[str]) -> None:
    rows = [{"video_id": video, "n": n} for n, video in enumerate(videos)]
    schema = pa.schema([("video_id", pa.string()), ("n", pa.int64())])
    found = RowsByVideo(pa.Table.from_pylist(rows, schema))
    assert list(found) == list(dict.fromkeys(videos))
    by_video = sorted(rows, key=lambda row: videos.index(row["video_id"]))
    expected = {k: list(some) for k, some in groupby(by_video, lambda row: row["video_id"])}
    assert dict(found) == expected
    assert (len(found), found.get("nobody")) == (len(expected), None)
