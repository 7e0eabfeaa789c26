"""Every mistake in a dataset file is one line: file, line, key, remedy."""

import re
from pathlib import Path

import pytest

from zs_dagster.datasets.catalogue import load_dataset
from zs_dagster.errors import DatasetError

NAME = "must be letters, digits, '_', '.' and '-', beginning with a letter or digit"
GOOD = """\
name: mine
videos:
  folder: videos
classes:
  - jump
  - run
localization:
  fps: 1
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("classes:", "clases:", 4, "clases: unknown key; did you mean classes? (and 1 more"),
        ("  fps: 1", "  fsp: 1", 8, "localization.fsp: unknown key; did you mean fps?"),
        (
            "  folder: videos",
            "  foldr: videos",
            3,
            "videos.foldr: unknown key; did you mean fo",
        ),
        (
            "  folder: videos",
            "  files: []",
            3,
            "videos.files: must not be empty, got []; add an entry",
        ),
        ("name: mine\n", "", 1, "name: is required; add it"),
        ("name: mine", "name: a/b", 1, f"name: {NAME}, got 'a/b'; rename it"),
        ("name: mine", "name: ../up", 1, f"name: {NAME}, got '../up'; rename it"),
        ("  - run", "  - jump", 6, "class 'jump' is listed twice; remove one"),
        ("  - run", "  - yes", 6, "classes.1: must be a text, got True; put it in quotes"),
        ("  - run", "  - 3", 6, "classes.1: must be a text, got 3; put it in quotes"),
        ("  - jump\n  - run", "  {}", 4, "classes: must not be empty, got []; add"),
        (
            "  - jump\n  - run",
            "  jump",
            4,
            "classes: must be a list, got 'jump'; write [a, b]",
        ),
        (
            "  fps: 1",
            "  fps: 0",
            8,
            "localization.fps: must be greater than 0, got 0; correct it",
        ),
        ("  fps: 1", "  fps: fast", 8, "localization.fps: must be a number, got 'fast'; write"),
        ("  fps: 1", "  fps: .nan", 8, "localization.fps: must be "),
        ("  fps: 1", "  top_k: 1.5", 8, "localization.top_k: must be a whole number, got 1.5;"),
        ("videos:\n  folder: videos", "videos: v", 2, "videos: must be {folder: ...} or {fil"),
        ("videos:\n  folder: videos", "videos: [v]", 2, "videos: must be {folder: ...} or {f"),
        ("videos:\n  folder: videos", "videos:", 2, "videos: must be {folder: ...} or {file"),
        ("  - jump\n  - run", "  a: b\n  c: 3", 6, "classes.c: must be a text, got 3; put"),
        ("  - jump\n  - run", "  a: b\n  c:", 6, "classes.c: must be a text, got None; put"),
        (
            "  fps: 1",
            "  top_k: 0",
            8,
            "localization.top_k: must be greater than or equal to 1, got 0;",
        ),
        (
            "  fps: 1",
            "  methods: {}",
            8,
            "localization.methods: must not be empty, got {}; add an entry",
        ),
        (
            "  fps: 1",
            "  methods:\n    m:\n      candidates: known",
            7,
            "localization: method 'm' uses known classes; set score_known_classes: true",
        ),
        (
            "  fps: 1",
            "  methods:\n    m:\n      candidates: any",
            9,
            "localization.methods.m: candidates: any needs localizer: random",
        ),
        (
            "name: mine",
            "name: mine\nannotations: truth.txt",
            2,
            "annotations: a plain path must",
        ),
        (
            "name: mine",
            "name: mine\naliases: {fly: run}",
            1,
            "alias 'fly' is not a class; corr",
        ),
        ("name: mine", "name: mine\nname: other", 2, "not usable YAML: key 'name' comes twice"),
        ("  folder: videos", "  folder: [", 5, "not usable YAML: "),
        ("  folder: videos", "  a: b: c", 3, "not usable YAML: mapping values are not allowed"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, rule: str
) -> None:
    assert old in GOOD
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(DatasetError) as caught:
        load_dataset(path)
    message = str(caught.value)
    assert re.match(rf"{re.escape(str(path))}:\d+: ", message), message
    assert "\n" not in message
    found_line, found_rule = re.findall(r":(\d+): (.*)", message)[0]
    assert found_rule.startswith(rule)
    if "name: mine" in old and "alias" in new:
        return  # A rule about the whole file names its first line.
    assert int(found_line) == line


def test_several_mistakes_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("title: nothing else\n")
    with pytest.raises(DatasetError, match=r"is required; add it \(and 2 more problems\)$"):
        load_dataset(path)


@pytest.mark.parametrize("content", ["", "- a\n- b", "text", "3"])
def test_what_is_no_mapping_is_told_what_it_must_hold(tmp_path: Path, content: str) -> None:
    (tmp_path / "list.yaml").write_text(content)
    rule = r"list\.yaml: must hold a mapping with name, videos and classes"
    with pytest.raises(DatasetError, match=rule):
        load_dataset(tmp_path / "list.yaml")


def test_bytes_that_are_no_text_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match=r"broken\.yaml: cannot be read as YAML: .*utf-8"):
        load_dataset(tmp_path / "broken.yaml")


def test_the_good_file_is_good(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    dataset = load_dataset(tmp_path / "mine.yaml")
    assert dataset.prompt_names == {"jump": "jump", "run": "run"}


def test_classes_may_be_a_mapping_to_prompt_names(tmp_path: Path) -> None:
    text = GOOD.replace("  - jump\n  - run", "  LongJump: leaping into sand\n  CleanAndJerk: x")
    (tmp_path / "mine.yaml").write_text(text)
    dataset = load_dataset(tmp_path / "mine.yaml")
    assert dataset.classes == ("LongJump", "CleanAndJerk")
    assert dataset.prompt_names["LongJump"] == "leaping into sand"


LAUGHS = "a: &a [x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        (
            "title: !!python/object/apply:os.system ['touch x']",
            "not usable YAML: could not",
        ),
        (LAUGHS, "a: unknown key"),
        ("title: &x [*x]", "not usable YAML: found unconstructable recursive node"),
        (f"top: {'9' * 5000}", "cannot be read as YAML: Exceeds the limit"),
        (f"title: {'[' * 2000}{']' * 2000}", "cannot be read as YAML: maximum recursion depth"),
        ("? [a]\n: b", "cannot be read as YAML: unhashable type"),
        ("title: a\x01b", "cannot be read as YAML: unacceptable character #x0001"),
    ],
    ids=["object", "laughs", "round", "digits", "deep", "key", "control"],
)
def test_hostile_yaml_is_refused_in_one_line_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, rule: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(f"{GOOD}\n{more}\n")
    with pytest.raises(DatasetError, match=rf"mine\.yaml(:\d+)?: {rule}") as error:
        load_dataset(tmp_path / "mine.yaml")
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]
