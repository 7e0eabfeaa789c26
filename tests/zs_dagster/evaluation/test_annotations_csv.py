"""Segments for a spreadsheet."""

import csv
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.evaluation.annotations_csv import write_csv
from zs_dagster.segments import LabelledSegments

NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), min_size=1, max_size=9
)


def test_by_hand(tmp_path: Path) -> None:
    found = LabelledSegments.from_rows([("a,b", 'say "hi"', 1.5, 2.0, 0.25)])
    write_csv(tmp_path / "out.csv", found)
    assert (tmp_path / "out.csv").read_text() == (
        'video,start_s,end_s,label,score\n"a,b",1.5,2.0,"say ""hi""",0.25\n'
    )


@given(st.lists(st.tuples(NAMES, NAMES, st.floats(0, 9), st.floats(0, 9), st.floats(0, 1))))
def test_what_is_written_is_read_back(
    tmp_path_factory: object, rows: list[tuple[str, str, float, float, float]]
) -> None:
    path = Path(str(tmp_path_factory.mktemp("csv"))) / "out.csv"  # type: ignore[attr-defined]
    ordered = [(v, c, s, s + length, score) for v, c, s, length, score in rows]
    write_csv(path, LabelledSegments.from_rows(ordered))
    with path.open(newline="", encoding="utf-8") as file:
        read = [
            (r["video"], r["label"], float(r["start_s"]), float(r["end_s"]), float(r["score"]))
            for r in csv.DictReader(file)
        ]
    assert read == ordered
