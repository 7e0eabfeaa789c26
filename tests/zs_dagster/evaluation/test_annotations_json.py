"""Files in ActivityNet format: a round trip, and one clear line for every broken file."""

import json
import resource
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zs_dagster.errors import DiskFullError, InputError
from zs_dagster.evaluation.annotations_json import (
    read_ground_truth,
    read_predictions,
    write_predictions,
)
from zs_dagster.segments import LabelledSegments


def write(folder: Path, content: object) -> Path:
    path = folder / "file.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def rows(labelled: LabelledSegments) -> list[tuple[str, str, float, float, float]]:
    s = labelled.segments
    return [
        (str(v), str(c), float(a), float(b), float(p))
        for v, c, a, b, p in zip(
            labelled.video_id, labelled.label, s.start_s, s.end_s, s.score, strict=True
        )
    ]


def test_ground_truth_in_the_order_of_the_file(tmp_path: Path) -> None:
    entry = {
        "duration": 9.5,
        "subset": "validation",
        "annotations": [
            {"label": "run", "segment": [1, 2.5]},
            {"label": "jump", "segment": [0, 0]},
        ],
    }
    other = {"subset": "training", "annotations": [{"label": "run", "segment": [3, 4]}]}
    path = write(tmp_path, {"version": "x", "database": {"v": entry, "a": other}})
    everything = [("v", "run", 1, 2.5, 1), ("v", "jump", 0, 0, 1), ("a", "run", 3, 4, 1)]
    assert rows(read_ground_truth(path)) == everything
    assert rows(read_ground_truth(path, subset="training")) == everything[2:]


def test_predictions_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = [{"label": "run", "segment": [0, 1], "score": s} for s in (0.25, -3, 1)]
    path = write(tmp_path, {"results": {"v": found, "empty": []}})
    assert [row[4] for row in rows(read_predictions(path))] == [0.25, -3, 1]


def test_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_text(json.dumps({"results": {"v": []}}), encoding="utf-8-sig")
    assert len(read_predictions(path)) == 0


ids = st.text(min_size=1, max_size=4)
written = st.lists(
    st.tuples(ids, ids, st.floats(0, 1e6), st.floats(0, 1e6), st.floats(-10, 10)).map(
        lambda row: (row[0], row[1], row[2], row[2] + row[3], row[4])
    ),
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(written)
def test_what_is_written_can_be_read(
    tmp_path: Path, found: list[tuple[str, str, float, float, float]]
) -> None:
    # NumPy strings drop trailing NULs: such names cannot be told apart in any column.
    found = [
        (v.replace("\x00", "0"), c.replace("\x00", "0"), a, b, s) for v, c, a, b, s in found
    ]
    path = tmp_path / "out.json"
    write_predictions(path, LabelledSegments.from_rows(found))
    assert sorted(rows(read_predictions(path))) == sorted(found)


def test_the_written_file_is_a_submission(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    found = [
        ("v", "run", 0.0, 1.0, 0.25),
        ("u", "run", 0.0, 1.0, 0.5),
        ("v", "run", 2.0, 3.0, 0.75),
    ]
    write_predictions(path, LabelledSegments.from_rows(found), videos=["silent"])
    content = json.loads(path.read_text())
    assert list(content) == ["version", "results", "external_data"]
    assert list(content["results"]) == ["silent", "u", "v"]
    assert content["results"]["v"][0] == {"label": "run", "score": 0.75, "segment": [2.0, 3.0]}
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]


def test_where_there_is_no_space_older_predictions_stay_and_nothing_lies_beside_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.json"
    path.write_text("older")
    many = LabelledSegments.from_rows([("v", "run", 0.0, 1.0, 0.5)] * 1_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, before[1]))
    try:
        with pytest.raises(DiskFullError, match=f"there must be space to write '{path}'"):
            write_predictions(path, many)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"out.json": "older"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"results": {\n"v": [}\n', r"file.json: not valid JSON, line 2 column 7: Expecting"),
        ("", r"file.json: not valid JSON, line 1 column 1: Expecting value"),
        ("[" * 100_000, r"file.json: not usable JSON: .*recursion"),
        ("[]", r"must be an object with an object 'results', got \[\]"),
        (
            {"database": {}},
            r"predictions .* object 'results', got an object with the keys 'data",
        ),
        ({"results": []}, r"must be an object with an object 'results'"),
        ({"results": {"v": {}}}, r"video 'v' must hold a list of predictions, got an object"),
        ({"results": {"v": [3]}}, r"video 'v', prediction 0 must be an object, got 3"),
        ('{"results": {"v": [], "v": []}}', r"key 'v' comes twice in one object; merge"),
        (
            '{"results": {"v": [{"label": "x", "segment": [0, 1], "score": NaN}]}}',
            r"file.json: numbers must be finite, got the literal NaN; remove",
        ),
        (
            '{"results": {"v": [{"label": "x", "segment": [0, Infinity], "score": 1}]}}',
            r"got the literal Infinity",
        ),
        (
            '{"results": {"v": [{"label": "x", "segment": [0, 1], "score": 1e999}]}}',
            r"video 'v', prediction 0: score must be finite, got inf",
        ),
        (
            '{"results": {"v": [{"label": "x", "segment": [0, 1], "score": 1'
            + "0" * 400
            + "}]}}",
            r"video 'v', prediction 0: score must be finite, got 1000.*\.\.\.",
        ),
        (
            '{"results": {"v": [{"label": "x", "segment": [0, 1], "score": 1'
            + "0" * 5000
            + "}]}}",
            r"file.json: not usable JSON: Exceeds the limit",
        ),
    ],
)
def test_broken_prediction_files(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_predictions(write(tmp_path, content))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"score": None}, r"video 'v', prediction 1: score must be a number, got nothing"),
        ({"score": "0.5"}, r"video 'v', prediction 1: score must be a number, got '0.5'"),
        ({"score": True}, r"score must be a number, got True"),
        ({"label": 3}, r"video 'v', prediction 1: label must be a text, got 3"),
        ({"label": ""}, r"label must be a text, got ''"),
        ({"segment": [1]}, r"segment must be \[start, end\], got \[1\]"),
        (
            {"segment": {"start": 1}},
            r"segment must be \[start, end\], got an object with the ke",
        ),
        ({"segment": [1, "2"]}, r"prediction 1: end must be a number, got '2'"),
        ({"segment": [-0.5, 2]}, r"must satisfy 0 <= start <= end, got \[-0.5, 2\]"),
        ({"segment": [3, 2]}, r"prediction 1: segment must satisfy .*, got \[3, 2\]"),
    ],
)
def test_broken_predictions(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    good: dict[str, object] = {"label": "run", "segment": [0, 1], "score": 0.5}
    path = write(tmp_path, {"results": {"v": [good, good | changed]}})
    with pytest.raises(InputError, match=message):
        read_predictions(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"results": {}},
            r"ground truth in ActivityNet format .* 'database', got an object wit",
        ),
        ({"database": {"v": []}}, r"video 'v' must have a list 'annotations', got \[\]"),
        ({"database": {"v": {"subset": "x"}}}, r"video 'v' must have a list 'annotations'"),
        (
            {"database": {"v": {"annotations": [{"label": "x", "segment": [2, 1]}]}}},
            r"file.json: video 'v', annotation 0: segment must satisfy",
        ),
    ],
)
def test_broken_ground_truth_files(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_ground_truth(write(tmp_path, content))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read '.*absent.json': No such file"):
        read_predictions(tmp_path / "absent.json")
    with pytest.raises(InputError, match=r"cannot read '.*': Is a directory"):
        read_ground_truth(tmp_path)
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\x80\x81")
    with pytest.raises(InputError, match=r"binary.json: not UTF-8 text at byte 0"):
        read_ground_truth(binary)
