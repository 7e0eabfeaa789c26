"""Tables hold exactly the columns of their schema, part by part."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from zs_dagster.errors import DamagedEntryError, StoreError
from zs_dagster.schemas import SCHEMAS, columns
from zs_dagster.tables import Tables, part_name


def annotation(video: str = "v", **changes: object) -> dict[str, Any]:
    times = {"start_s": 1.0, "end_s": 2.0}
    return {"video_id": video, "label": "jump", "subsets": "", **times, **changes}


def test_rows_come_back_with_their_dataset(tmp_path: Path) -> None:
    tables = Tables(tmp_path / "tables")
    tables.write("annotations", "tiny", [annotation("a"), annotation("b")])
    expected = [{"dataset": "tiny", **annotation(v)} for v in ("a", "b")]
    assert tables.rows("annotations", "tiny") == expected


def test_writing_replaces_the_whole_part(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    tables.write("annotations", "tiny", [annotation("a"), annotation("b")])
    tables.write("annotations", "tiny", [annotation("c")])
    assert [row["video_id"] for row in tables.rows("annotations", "tiny")] == ["c"]


def test_of_a_table_by_video_only_what_is_kept_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zs_dagster.tables.ROWS_AT_ONCE", 2)
    tables, seen = Tables(tmp_path), []
    tables.write("annotations", "tiny", [annotation(v) for v in "abcab"])

    def kept(piece: pa.Table) -> pa.Table:
        seen.append(len(piece))
        return piece.filter(pc.equal(piece["video_id"], "b")).select(["video_id", "end_s"])

    rows = tables.by_video("annotations", "tiny", kept)
    assert dict(rows) == {"b": [{"video_id": "b", "end_s": 2.0}] * 2}
    assert max(seen) == 2


def test_no_rows_still_have_all_columns(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    tables.write("annotations", "tiny", [])
    assert tables.read("annotations", "tiny").schema.names == SCHEMAS["annotations"].names
    assert tables.rows("annotations", "tiny") == []


@pytest.mark.parametrize(
    "row",
    [
        {k: v for k, v in annotation().items() if k != "end_s"},
        annotation(score=1.0),
    ],
    ids=["missing", "unknown"],
)
def test_other_columns_are_refused_and_named(tmp_path: Path, row: dict[str, Any]) -> None:
    tables = Tables(tmp_path)
    rule = r"rows of 'annotations' must have the columns \['end_s', 'label', .*\], got \["
    with pytest.raises(StoreError, match=rule):
        tables.write("annotations", "tiny", [row])
    assert not tables.has("annotations", "tiny")


def test_a_later_row_with_other_columns_is_refused_too(tmp_path: Path) -> None:
    rows = [annotation(), annotation(score=1.0)]
    with pytest.raises(StoreError, match=r"rows of 'annotations' must have the columns"):
        Tables(tmp_path).write("annotations", "tiny", rows)


def test_an_empty_value_is_refused_where_the_schema_wants_one(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    with pytest.raises(StoreError, match="column 'label' of 'annotations' must not be empty"):
        tables.write("annotations", "tiny", [annotation(), annotation(label=None)])
    assert not tables.has("annotations", "tiny")


def test_parts_are_kept_by_name(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    for part in ("a", "b", "c"):
        tables.write("annotations", "tiny", [annotation(part)], part)
    tables.write("annotations", "other", [annotation("a")], "a")
    tables.keep_parts("annotations", "tiny", ["b"])
    kept = [tables.has("annotations", "tiny", part) for part in ("a", "b", "c")]
    assert kept == [False, True, False]
    assert tables.has("annotations", "other", "a")


def test_parts_of_a_table_that_was_never_written_can_be_cleaned(tmp_path: Path) -> None:
    Tables(tmp_path).keep_parts("annotations", "tiny", [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["plain", "nested/video", "../../up", "*", "a'b", "ü" * 300])
def test_a_part_is_found_by_what_it_is_about(tmp_path: Path, name: str) -> None:
    tables = Tables(tmp_path)
    part = part_name(name, ["content"])
    tables.write("annotations", "tiny", [annotation(name)], part)
    tables.write("annotations", "tiny", [annotation("x")], part_name("x", ["content"]))
    about = tables.parts_about("annotations", "tiny", [name, "nobody"])
    assert about == {name: [part], "nobody": []}
    assert tables.path("annotations", "tiny", part).parent == tmp_path / "annotations" / "tiny"


def test_a_new_part_replaces_the_older_one_of_its_name_only(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    first, second, other = part_name("a", 1), part_name("a", 2), part_name("b", 1)
    for dataset, part in (("tiny", other), ("other", first), ("tiny", "data"), ("tiny", first)):
        tables.write("annotations", dataset, [annotation(part)], part)
    older = tables.parts_about("annotations", "tiny", ["a"])["a"]
    tables.replace_part("annotations", "tiny", second, [annotation("a", end_s=9.0)], older)
    assert tables.parts("annotations", "tiny") == sorted([other, second, "data"])
    assert tables.rows("annotations", "tiny", second)[0]["end_s"] == 9.0
    assert tables.has("annotations", "other", first)
    tables.replace_part("annotations", "tiny", second, [annotation("a")], [second])
    assert tables.has("annotations", "tiny", second)


def test_a_table_that_was_never_written_has_no_parts(tmp_path: Path) -> None:
    assert Tables(tmp_path).parts("annotations", "tiny") == []


def test_a_part_is_named_after_its_content_too() -> None:
    assert part_name("video", [1]) != part_name("video", [2])
    assert part_name("video", [1]) != part_name("other", [1])


def test_rows_of_a_generator_are_written_some_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zs_dagster.tables.ROWS_AT_ONCE", 2)
    tables, made = Tables(tmp_path), [annotation(str(number)) for number in range(5)]
    tables.write("annotations", "tiny", (row for row in made))
    whole = [{"dataset": "tiny", **row} for row in made]
    assert tables.rows("annotations", "tiny") == whole
    assert list(tables.each_row("annotations", "tiny")) == whole
    with pytest.raises(StoreError, match="column 'label' of 'annotations' must not be empty"):
        tables.write("annotations", "tiny", [*made, annotation(label=None)])
    assert tables.rows("annotations", "tiny") == whole


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    tables.write("annotations", "tiny", iter(()))
    assert tables.read("annotations", "tiny").schema.equals(SCHEMAS["annotations"])


def test_a_table_that_was_never_written_names_the_asset(tmp_path: Path) -> None:
    rule = "table 'segments' of dataset 'tiny' cannot be read .*; materialise the asset 'segm"
    with pytest.raises(StoreError, match=rule):
        Tables(tmp_path).read("segments", "tiny")


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really"])
def test_a_damaged_table_is_set_aside_and_counts_as_absent(
    tmp_path: Path, content: bytes
) -> None:
    tables = Tables(tmp_path)
    path = tables.path("segments", "tiny")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert list(tables.damaged()) == [path]
    told = r"table 'segments' of dataset 'tiny' is damaged .*data\.parquet\.damaged', run again"
    with pytest.raises(DamagedEntryError, match=told):
        tables.read("segments", "tiny")
    assert not tables.has("segments", "tiny")
    assert tables.parts("segments", "tiny") == []


def test_a_flipped_bit_never_changes_what_is_read(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    seen = {"video_id": "v", "label": "a", "p_start": 0.25, "p_middle": None}
    rows = [{**seen, "time_s": n / 3, "p_end": n / 7} for n in range(20)]
    tables.write("frame_confidence", "tiny", rows)
    path, known = (
        tables.path("frame_confidence", "tiny"),
        tables.read("frame_confidence", "tiny"),
    )
    whole, noticed = path.read_bytes(), 0
    places = range(0, len(whole), 7)
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            assert tables.read("frame_confidence", "tiny").equals(known)
        except DamagedEntryError:
            noticed += 1
    # What nobody reads, such as statistics and who wrote the file, may change.
    assert noticed > len(places) / 2


@pytest.mark.parametrize("table", SCHEMAS)
def test_every_column_has_a_type_and_a_description(table: str) -> None:
    described = columns(table)
    assert [name for name, _, _ in described] == SCHEMAS[table].names
    assert described[0][0] == "dataset"
    for name, kind, meaning in described:
        assert kind in {"string", "double", "int64", "bool"}, name
        assert len(meaning) > 3, name


def test_what_is_no_table_has_no_columns() -> None:
    assert columns("results") == []
