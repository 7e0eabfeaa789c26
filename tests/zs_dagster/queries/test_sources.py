"""Which source answers for a class: the user's bank, the shipped ones, a template."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import QueryError
from zs_dagster.queries import sources
from zs_dagster.queries.bank import QueryBank, same_label
from zs_dagster.queries.cache import cached_queries
from zs_dagster.queries.sources import find_writer, from_template
from zs_dagster.store import Store

TEXTS = {"start_question": "Is it up?", "end_question": "Is it down?", "description": "a swing"}
SPELLINGS = ["GolfSwing", "golf swing", "Golf_swing", "golf-swing", "GOLF SWING!", "golfSwing"]


def own(folder: Path, **entries: object) -> Path:
    path = folder / "kitchen.yaml"
    path.write_text(yaml.safe_dump(entries), encoding="utf-8")
    return path


@pytest.mark.parametrize("label", SPELLINGS)
def test_every_spelling_finds_the_shipped_class_and_keeps_its_label(label: str) -> None:
    query = find_writer([], {}).write(label)
    assert (query.label, query.source) == (label, "shipped:thumos14")
    assert query.start_question.startswith("Is the golfer standing over the ball")


@pytest.mark.parametrize("label", SPELLINGS)
def test_the_users_bank_comes_first_in_every_spelling(tmp_path: Path, label: str) -> None:
    query = find_writer([QueryBank(own(tmp_path, Golf_Swing=TEXTS))], {}).write(label)
    assert (query.source, query.description) == ("bank:kitchen.yaml", "a swing")


def test_the_exact_label_wins_over_another_spelling(tmp_path: Path) -> None:
    path = own(tmp_path, DIVE=TEXTS, dive={**TEXTS, "description": "another"})
    assert find_writer([QueryBank(path)], {}).write("dive").description == "another"


def test_what_the_users_bank_lacks_falls_through(tmp_path: Path) -> None:
    writer = find_writer([QueryBank(own(tmp_path, wash=TEXTS))], {})
    found = [writer.write(label).source for label in ("wash", "HighJump", "open the fridge")]
    assert found == ["bank:kitchen.yaml", "shipped:thumos14", "template"]


def test_a_broken_entry_does_not_fall_through(tmp_path: Path) -> None:
    writer = find_writer([QueryBank(own(tmp_path, GolfSwing={"description": "a swing"}))], {})
    with pytest.raises(QueryError, match=r"class 'GolfSwing' in '.*kitchen\.yaml' must have "):
        writer.write("GolfSwing")


def test_a_bank_that_cannot_be_read_does_not_fall_through(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"query bank '.*none\.yaml' cannot be read: "):
        find_writer([QueryBank(tmp_path / "none.yaml")], {}).write("GolfSwing")


def test_labels_without_letters_are_no_spellings_of_each_other(tmp_path: Path) -> None:
    writer = find_writer([QueryBank(own(tmp_path, **{"!!!": TEXTS}))], {})
    assert [writer.write(x).source for x in ("!!!", "???")] == ["bank:kitchen.yaml", "template"]


@pytest.mark.parametrize(
    "text", ["wash: 1\ncut: 2\nwash: 3", "cut: {a: 1}\nwash:\n  {wash: 1, wash: 2}"]
)
def test_what_is_written_twice_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "twice.yaml").write_text(text)
    rule = (
        r"query bank '.*twice\.yaml' cannot be read: 'wash' is written twice; remove .*line 3"
    )
    with pytest.raises(QueryError, match=rule):
        find_writer([QueryBank(tmp_path / "twice.yaml")], {}).write("cut")


@pytest.fixture
def two_meanings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for stem in ("hmdb51", "ucf101"):
        entry = {**TEXTS, "description": f"a dive of {stem}"}
        (tmp_path / f"{stem}.yaml").write_text(yaml.safe_dump({"classes": {"dive": entry}}))
    banks = [QueryBank(path, f"shipped:{path.stem}") for path in sorted(tmp_path.glob("*"))]
    monkeypatch.setattr(sources, "shipped_banks", lambda: tuple(banks))


@pytest.mark.usefixtures("two_meanings")
@pytest.mark.parametrize(
    ("prefer", "stem"),
    [("", "hmdb51"), ("ucf101", "ucf101"), ("UCF101-split1", "ucf101"), ("kitchen", "hmdb51")],
)
def test_a_dataset_prefers_its_own_file(prefer: str, stem: str) -> None:
    assert find_writer([], {}, prefer).write("Dive").source == f"shipped:{stem}"


def test_prompt_names_are_used_where_the_entry_has_none(tmp_path: Path) -> None:
    path = own(tmp_path, a=TEXTS, b={**TEXTS, "prompt_name": "written"})
    writer = find_writer([QueryBank(path)], {"a": "given", "b": "given", "xyzzy": "some xyzzy"})
    assert [writer.write(x).prompt_name for x in ("a", "b", "xyzzy")] == [
        "given",
        "written",
        "some xyzzy",
    ]


def test_the_template_speaks_of_the_readable_name() -> None:
    query = find_writer([], {"OpenFridge_x": "open the fridge"}).write("OpenFridge_x")
    assert query == from_template("OpenFridge_x", "open the fridge")
    assert query.start_question == (
        "Is someone getting into position to begin the action 'open the fridge'?"
    )
    assert query.end_question == (
        "Does this frame show the final pose or result of the action 'open the fridge'?"
    )


def test_an_edit_and_a_new_source_are_seen_and_only_that_class_is_asked(tmp_path: Path) -> None:
    store, labels = Store(tmp_path / "store"), ["wash", "GolfSwing", "xyzzy"]
    path = own(tmp_path, wash=TEXTS)
    assert cached_queries(find_writer([QueryBank(path)], {}), labels, store)[1] == 3
    assert cached_queries(find_writer([QueryBank(path)], {}), labels, store)[1] == 0
    own(tmp_path, wash={**TEXTS, "description": "edited"})
    assert cached_queries(find_writer([QueryBank(path)], {}), labels, store)[1] == 1
    own(tmp_path, wash={**TEXTS, "description": "edited"}, GolfSwing=TEXTS)
    queries, written = cached_queries(find_writer([QueryBank(path)], {}), labels, store)
    assert (written, queries[1].source) == (1, "bank:kitchen.yaml")


def test_the_same_texts_from_another_source_have_another_key(tmp_path: Path) -> None:
    first = own(tmp_path, wash=TEXTS)
    second = first.rename(tmp_path / "other.yaml")
    key = find_writer([QueryBank(own(tmp_path, wash=TEXTS))], {}).key("wash")
    assert key != find_writer([QueryBank(second)], {}).key("wash")


def test_classes_of_the_bank_that_the_dataset_lacks_are_listed(tmp_path: Path) -> None:
    path = own(tmp_path, wash=TEXTS, Open_Fridge=TEXTS, cut=TEXTS)
    assert QueryBank(path).unused(["open fridge", "wash"]) == ["cut"]


@given(st.text(min_size=1).filter(str.strip))
def test_every_label_has_a_query_that_names_it(label: str) -> None:
    query = find_writer([], {}).write(label)
    assert query.label == label
    assert query.source == "template" or same_label(label)


@given(st.text())
def test_a_label_is_a_spelling_of_itself_whatever_stands_between(label: str) -> None:
    assert same_label("_- ".join(label)) == same_label(label) == same_label(same_label(label))
