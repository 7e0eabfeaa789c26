"""Files of labels: what is read, how guesses are ordered, what is refused."""

import json
from pathlib import Path

import pytest

from zs_dagster.errors import InputError
from zs_dagster.evaluation.label_files import Guess, ranked, read_guesses, read_labels_csv

CLASSES = ["run", "jump", "walk"]


def write(folder: Path, content: object, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(
        content
        if isinstance(content, bytes)
        else (content if isinstance(content, str) else json.dumps(content)).encode()
    )
    return path


def order(path: Path) -> dict[str, list[str]]:
    return {video: ranked(found, CLASSES, video) for video, found in read_guesses(path).items()}


def test_ground_truth_may_have_times_several_classes_and_several_instances(
    tmp_path: Path,
) -> None:
    text = "video,start_s,end_s,label\nb,0,1,run\na,,, jump \nb,2,3,run\nb,1,2,walk\n\n"
    found = read_labels_csv(write(tmp_path, b"\xef\xbb\xbf" + text.encode()))
    assert list(found.items()) == [("b", ["run", "walk"]), ("a", ["jump"])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("video,label\na,walk\na,run\n", ["walk", "run"]),
        ("label,video,rank\nwalk,a,2\nrun,a,1\n", ["run", "walk"]),
        ("video,label,probability\na,walk,0.1\na,run,0.9\n", ["run", "walk"]),
        # Equal ones in the order of the classes.
        ("video,label,probability\na,walk,.5\na,jump,.5\na,run,.5\n", ["run", "jump", "walk"]),
        ("video,label,probability,rank\na,run,.5,2\na,walk,.5,1\n", ["walk", "run"]),
        ('video,label,other\na,"walk",x\n', ["walk"]),
    ],
)
def test_guesses_are_in_order(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert order(write(tmp_path, text)) == {"a": expected}


def test_json_holds_pairs_by_video_and_videos_without(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": [["walk", 0.2], ["run", 1]], "b": []}, "p.JSON")
    assert read_guesses(path) == {"a": [Guess("walk", 0.2), Guess("run", 1.0)], "b": []}
    assert order(path) == {"a": ["run", "walk"], "b": []}


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("video,name\na,run\n", ":1: the header must have the columns video,label.* got"),
        ("video,label,label\na,run,x\n", ":1: the header must have .* each name once"),
        ("", ":1: the header must have the columns video,label"),
        ("video,label\n", "ground truth must label at least one video, got none"),
        ("video,label\na,run\na,run\n", r":3: the same row as .*:2; remove one of them"),
        ("video,label\na\n", ":2: a row must have 2 fields, as the header"),
        ("video,label\na,run,x\n", ":2: a row must have 2 fields, as the header"),
        ("video,label\n ,run\n", ":2: video and label must not be empty"),
        ('video,label\na,"run"x\n', ":2: not usable CSV: "),
        (b"video,label\na,\xff\n", "file.csv: not UTF-8 text at byte 14"),
    ],
)
def test_malformed_ground_truth_is_refused(
    tmp_path: Path, content: str | bytes, rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        read_labels_csv(write(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("video,label\na,run\na,run\n", ":3: label 'run' of 'a' comes twice"),
        ("video,label,probability\na,run,1.5\n", r"a number in \[0, 1\], got 1.5; give other"),
        ("video,label,probability\na,run,\n", r":2: probability must be .*, got ''"),
        ("video,label,probability\na,run,nan\n", "got nan"),
        ("video,label,rank\na,run,0\n", ":2: rank must be a whole number >= 1, got '0'"),
        ("video,label,rank\na,run,1.0\n", "rank must be a whole number >= 1, got '1.0'"),
        ("video,label,rank\na,run,²\n", "rank must be a whole number >= 1"),
        (
            "video,label,rank\na,run,1\na,walk,3\n",
            "a: ranks must be 1, 2, … once each, got 1, 3",
        ),
        ("video,label,rank\na,run,1\na,walk,1\n", "ranks must be 1, 2, … once each, got 1, 1"),
        (
            "video,label,probability,rank\na,run,.2,1\na,walk,.3,2\n",
            "a: rank and probability must agree, but a lower rank is more probable",
        ),
    ],
)
def test_malformed_guesses_are_refused(tmp_path: Path, content: str, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        order(write(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("{", "p.json: not usable JSON: "),
        ("[]", r"p.json: predictions must be an object of videos, got \[\]"),
        ('{"a": [["run", NaN]]}', "not usable JSON: numbers must be finite, got NaN"),
        ('{"a": [], "a": []}', "'a' comes twice in one object; merge the two entries"),
        ({"a": "run"}, "p.json: video 'a' must hold a list of pairs, got 'run'"),
        ({"a": ["run"]}, r"video 'a': a prediction must be \[label, probability\], got 'run'"),
        ({"a": [["", 1]]}, r"a prediction must be \[label, probability\]"),
        ({"a": [["run", True]]}, r"probability must be a number in \[0, 1\], got True"),
        ({"a": [["run", "1"]]}, r"probability must be a number in \[0, 1\], got '1'"),
        ({"a": [["run", 1], ["run", 0]]}, "label 'run' of 'a' comes twice"),
        ("[" * 100_000, "p.json: not usable JSON: "),
    ],
)
def test_malformed_json_is_refused(tmp_path: Path, content: object, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        order(write(tmp_path, content, "p.json"))


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"cannot read '.*none.csv': No such file or directory"
    ):
        read_labels_csv(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"cannot read '.*': Is a directory"):
        read_guesses(tmp_path)
