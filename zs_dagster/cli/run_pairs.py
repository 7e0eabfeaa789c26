"""Two runs on the same videos: is the difference of a method more than chance?"""

from collections.abc import Iterator
from typing import Any

from zs_dagster.cli.run_history import Run
from zs_dagster.segments import LabelledSegments

Row = dict[str, Any]
SNAPSHOTS = "snapshots"


def paired_intervals(first: Run, second: Run) -> list[Row] | str:
    """Return the 95 % interval of each difference of average mAP, second minus first.

    Videos are resampled, the same ones for both runs. Returns a sentence instead where that
    cannot be done.
    """
    if first.card is None or second.card is None:
        bare = first if first.card is None else second
        return (
            f"no interval: the segments of run {bare.run_id[:8]} are not known without a card"
        )
    if first.task != "localization" or second.task != "localization":
        return "no interval: runs are paired for localization only"
    if _differ(first.card, second.card):
        return "no interval: the runs differ in videos, ground truth or protocol"
    try:
        truth = _labelled(_table(first, "annotations"))
        found = [_by_method(_table(run, "segments")) for run in (first, second)]
    except OSError as error:
        return f"no interval: kept segments are gone ({error.strerror})"
    return list(_compared(truth, found[0], found[1], first.card["options"]["protocol"]))


def _compared(
    truth: LabelledSegments,
    before: dict[str, list[Row]],
    after: dict[str, list[Row]],
    name: str,
) -> Iterator[Row]:
    from zs_dagster.evaluation.bootstrap import compare_average_map
    from zs_dagster.evaluation.protocols import get_protocol

    for method in (method for method in after if method in before):
        if before[method] == after[method]:
            yield {"method": method, "identical": True, "delta": 0.0, "low": 0.0, "high": 0.0}
            continue
        pair = (_labelled(before[method]), _labelled(after[method]))
        gain = compare_average_map(truth, pair, get_protocol(name)).difference
        ends = {"delta": gain.value, "low": gain.low, "high": gain.high}
        yield {"method": method, "identical": False, **ends}


def _differ(one: Row, other: Row) -> bool:
    sides = [
        (card["videos"], card["tables"]["annotations"], card["options"]["protocol"])
        for card in (one, other)
    ]
    return sides[0] != sides[1]


def _table(run: Run, table: str) -> list[Row]:
    """Read the copy of a table that a run kept."""
    import pyarrow.parquet as pq

    key = (run.card or {})["tables"][table]
    rows: list[Row] = pq.read_table(run.home.store.path(SNAPSHOTS, key, "parquet")).to_pylist()
    return rows


def _by_method(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["method"], []).append(row)
    return found


def _labelled(rows: list[Row]) -> LabelledSegments:
    return LabelledSegments.from_rows(
        [
            (row["video_id"], row["label"], row["start_s"], row["end_s"], row.get("score", 1.0))
            for row in rows
            if row["start_s"] is not None
        ]
    )
