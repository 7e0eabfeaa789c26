"""Caption files: what is read, and what is refused with file and place."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.datasets.annotations.captions import Caption, read_captions
from zs_dagster.datasets.caption_lint import Captioned, lint_captions, usable
from zs_dagster.datasets.sources import CaptionSource
from zs_dagster.errors import DatasetError

VIDEOS: dict[str, dict[str, Any]] = {
    "a": {"video_id": "a", "status": "ok", "duration_s": 10.0},
    "b": {"video_id": "b", "status": "unreadable", "duration_s": None},
}


def source(kind: str, *paths: Path) -> CaptionSource:
    return CaptionSource.model_validate({"format": kind, "paths": paths})


def write_json(path: Path, entries: object) -> Path:
    path.write_text(json.dumps(entries))
    return path


def test_files_of_activitynet_captions_are_read_as_one_list(tmp_path: Path) -> None:
    train = {
        "v_1": {
            "duration": 9.5,
            "timestamps": [[0, 4.5], [4, 9]],
            "sentences": [" A dog. ", "B"],
        }
    }
    again = {"v_1": {"duration": 9.5, "timestamps": [[0, 4.5]], "sentences": ["A dog."]}}
    files = [
        write_json(tmp_path / "train.json", train),
        write_json(tmp_path / "val_1.json", again),
    ]
    assert read_captions(source("activitynet-captions", *files)) == [
        Caption("v_1", 0.0, 4.5, "A dog."),
        Caption("v_1", 4.0, 9.0, "B"),
    ]


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ({"timestamps": [[0, 1]], "sentences": []}, "lists timestamps and sentences of one le"),
        (
            {"timestamps": [[0]], "sentences": ["x"]},
            "caption 0: timestamp must be [start, end]",
        ),
        ({"timestamps": [[0, "1"]], "sentences": ["x"]}, "must be a finite number of seconds"),
        (
            {"timestamps": [[0, 1]], "sentences": [3]},
            "caption 0: sentence must be a text, got 3",
        ),
        (7, "must have lists timestamps"),
        (
            {"timestamps": [[0, 1]], "sentences": ["half \ud83d a dog"]},
            r", caption 0: a text must have no control characters and no lone surrogates, got "
            r"'half \ud83d a dog'",
        ),
    ],
)
def test_a_malformed_entry_is_named(tmp_path: Path, entry: object, rule: str) -> None:
    path = write_json(tmp_path / "c.json", {"v_1": entry})
    with pytest.raises(DatasetError) as error:
        read_captions(source("activitynet-captions", path))
    assert str(error.value).startswith(f"{path}: video 'v_1'")
    assert rule in str(error.value)


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1, "a": 2}'])
def test_a_file_that_is_no_object_of_videos_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(
        DatasetError, match=r"c\.json: (not usable JSON|captions must be an obj)"
    ):
        read_captions(source("activitynet-captions", path))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "video,start_s,end_s\n",
            ":1: the header must have the columns video,start_s,end_s,cap",
        ),
        ("video,start_s,end_s,caption\na,0,x,b\n", ":2: must be a finite number of seconds"),
        ("video,start_s,end_s,caption\n,0,1,b\n", ":2: video must not be empty"),
        ("video,start_s,end_s,caption\na,0,1,b,c\n", ":2: a row must have 4 fields; quote com"),
        ("video,start_s,end_s,caption,caption\n", ":1: the header must have the columns video"),
        ('video,start_s,end_s,caption\na,0,1,"b\na,1,2,c\n', ":3: not usable CSV: unexpected"),
        (f"video,start_s,end_s,caption\na,0,1,{'x' * 200_000}\n", ":2: not usable CSV: field"),
        ("video,start_s,end_s,caption\na,0,1,a\0b\n", ":2: a text must have no control char"),
        ("video,start_s,end_s,caption\n\x07,0,1,b\n", ":2: a text must have no control char"),
    ],
)
def test_a_mistake_in_csv_is_told_with_its_line(tmp_path: Path, text: str, rule: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(text)
    with pytest.raises(DatasetError) as error:
        read_captions(source("csv", path))
    assert str(error.value).startswith(f"{path}{rule}")


@pytest.mark.parametrize("gap", ["\n", "\r\n", "\u2028", "\x85", "\t  "])
def test_a_caption_of_several_lines_becomes_one_line(tmp_path: Path, gap: str) -> None:
    row = f'video,start_s,end_s,caption\na,0,1," A dog{gap}runs \U0001f436. "\na,1,2,b\n'
    (tmp_path / "c.csv").write_bytes(row.encode())
    entry = {"timestamps": [[0, 1], [1, 2]], "sentences": [f"A dog{gap}runs \U0001f436.", "b"]}
    found = [
        read_captions(source("csv", tmp_path / "c.csv")),
        read_captions(
            source("activitynet-captions", write_json(tmp_path / "c.json", {"a": entry}))
        ),
    ]
    assert (
        found == [[Caption("a", 0, 1, "A dog runs \U0001f436."), Caption("a", 1, 2, "b")]] * 2
    )


def test_half_a_character_in_a_video_id_is_refused(tmp_path: Path) -> None:
    path = write_json(tmp_path / "c.json", {"v\ud83d": {"timestamps": [], "sentences": []}})
    with pytest.raises(DatasetError, match=r"c\.json: a text must .*, got 'v\\ud83d'"):
        read_captions(source("activitynet-captions", path))


captions = st.builds(
    Caption,
    st.text("abc", min_size=1),
    st.floats(0, 99),
    st.floats(0, 99),
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1),
)


@settings(deadline=None)  # it writes files
@given(st.lists(captions, unique=True))
def test_both_formats_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, found: list[Caption]
) -> None:
    folder = tmp_path_factory.mktemp("captions")
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("video", "start_s", "end_s", "caption"), *found])
    (folder / "c.csv").write_text(text.getvalue(), encoding="utf-8")
    entries: dict[str, dict[str, list[object]]] = {}
    for one in found:
        entry = entries.setdefault(one.video_id, {"timestamps": [], "sentences": []})
        entry["timestamps"].append([one.start_s, one.end_s])
        entry["sentences"].append(one.text)
    path = write_json(folder / "c.json", entries)
    assert read_captions(source("csv", folder / "c.csv")) == found
    assert sorted(read_captions(source("activitynet-captions", path))) == sorted(found)


@pytest.mark.parametrize(
    ("caption", "rule", "example"),
    [
        (Caption("a", 0, 5, ""), "empty-caption", "'a' 0 to 5 s"),
        (Caption("a", 0, 5, "x" * 10_001), "long-caption", "'a' 0 to 5 s has 10001"),
        (Caption("a", 5, 5, "x"), "backward-caption", "'a' 5 to 5 s"),
        (Caption("a", -1, 5, "x"), "backward-caption", "'a' -1 to 5 s"),
        (Caption("a", 8, 10.6, "x"), "caption-outside-video", "'a' 8 to 10.6 s of 10 s"),
        (Caption("a", 12, 13, "x"), "caption-outside-video", "'a' 12 to 13 s of 10 s"),
        (Caption("b", 0, 1, "x"), "captioned-video-missing", "b"),
        (
            Caption("z", 0, 1, "x"),
            "no-captioned-video",
            "the first is 'z', the first video 'a'",
        ),
    ],
)
def test_what_is_wrong_with_a_caption_is_found(
    caption: Caption, rule: str, example: str
) -> None:
    first = lint_captions(Captioned([caption], VIDEOS))[0]
    assert (first.rule, first.examples) == (rule, (example,))


def test_no_caption_at_all_is_an_error() -> None:
    (finding,) = lint_captions(Captioned([], VIDEOS))
    assert finding.sentence() == (
        "no-caption: 1 (the files hold no caption); give a file with captions under `captions`"
    )


def test_captions_are_cut_at_the_end_of_their_video_and_left_out_beyond() -> None:
    given_ = [Caption("a", 8, 13, "x"), Caption("a", 12, 13, "y"), Caption("b", 0, 1, "z")]
    evidence = Captioned(given_, VIDEOS, is_trimmed=True)
    assert [f.rule for f in lint_captions(evidence)] == ["captioned-video-missing"]
    assert usable(evidence) == [Caption("a", 8, 10.0, "x")]
    # Half a second past the end is how files are rounded.
    assert not lint_captions(Captioned([Caption("a", 8, 10.5, "x")], VIDEOS))
