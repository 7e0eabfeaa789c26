"""Banks out and in: what is exported can be edited and imported, and then comes first."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import InputError, QueryError
from zs_dagster.home import Home
from zs_dagster.queries.bank import QueryBank
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.export import bank_text, export_bank
from zs_dagster.queries.importing import import_bank
from zs_dagster.queries.sources import find_writer, own_banks

TEXTS: dict[str, Any] = {
    "start_question": "Is it up?",
    "end_question": "Is it down?",
    "description": "a swing",
}
LABELS = ["wash", "cut bread"]


def bank(folder: Path, **entries: object) -> Path:
    path = folder / "edited.yaml"
    path.write_text(yaml.safe_dump(entries), encoding="utf-8")
    return path


def test_an_imported_bank_comes_before_the_datasets_own(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump(dict.fromkeys(LABELS, TEXTS)))
    home = Home(tmp_path)
    found = import_bank(home, "kitchen", LABELS, bank(tmp_path, Wash=TEXTS))
    assert [query.label for query in found] == ["wash"]
    writer = find_writer(own_banks(home, "kitchen", str(own)), {})
    assert [writer.write(label).source for label in LABELS] == ["imported", "bank:own.yaml"]
    other = find_writer(own_banks(home, "bath", str(own)), {})
    assert other.write("wash").source == "bank:own.yaml"


def test_a_later_import_replaces_the_earlier_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    import_bank(home, "kitchen", LABELS, bank(tmp_path, wash=TEXTS))
    import_bank(home, "kitchen", LABELS, bank(tmp_path, **{"cut bread": TEXTS}))
    (imported,) = own_banks(home, "kitchen", None)
    assert list(imported.entries) == ["cut bread"]


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        ({"wash": TEXTS, "walk": TEXTS}, "'walk' is no class of dataset 'kitchen'; correct or"),
        (
            {"wash": TEXTS, "cut bread": {"description": "a"}},
            "class 'cut bread' in '.*' must have",
        ),
        (
            {"wash": {**TEXTS, "end_question": "Is it"}},
            "class 'wash' in '.*': end_question must end",
        ),
        (
            {"wash": {**TEXTS, "end_question": "Is it up?"}},
            "class 'wash': start and end question",
        ),
        ({}, "has no class; add one of 'kitchen'"),
    ],
)
def test_a_wrong_bank_names_file_class_and_rule_and_changes_nothing(
    tmp_path: Path, entries: dict[str, object], rule: str
) -> None:
    home = Home(tmp_path)
    import_bank(home, "kitchen", LABELS, bank(tmp_path, wash=TEXTS))
    before = (home.queries / "kitchen.yaml").read_bytes()
    with pytest.raises(QueryError, match=rule) as caught:
        import_bank(home, "kitchen", LABELS, bank(tmp_path, **entries))
    assert str(tmp_path / "edited.yaml") in str(caught.value)
    assert (home.queries / "kitchen.yaml").read_bytes() == before


visible = st.characters(categories=["L", "N", "P", "S"], exclude_characters="{}")
words = st.text(visible, min_size=1)


@given(st.dictionaries(words, st.tuples(words, words, words), min_size=1, max_size=5))
def test_what_is_exported_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, tuple[str, str, str]]
) -> None:
    queries = [
        ClassQuery(label, name, f"{asked} up?", f"{asked} down?", seen, "llm:a\n#b")
        for label, (name, asked, seen) in rows.items()
    ]
    path = tmp_path_factory.mktemp("bank") / "bank.yaml"
    path.write_text(bank_text(queries), encoding="utf-8")
    again = [QueryBank(path, "llm:a\n#b").find(query.label, "") for query in queries]
    assert again == queries


def test_a_text_of_two_lines_is_exported_as_one(tmp_path: Path) -> None:
    texts = {**TEXTS, "description": "a swing\n in\x85a park"}
    export_bank(tmp_path / "b.yaml", [ClassQuery("wash", "w", **texts, source="s")])
    found = QueryBank(tmp_path / "b.yaml").write("wash")
    assert found.description == "a swing in a park"


@pytest.mark.parametrize("label", ["classes", "kinds", "yes", "1", "#", "- a: b"])
def test_every_label_survives_the_file(tmp_path: Path, label: str) -> None:
    query = ClassQuery(label, "name", **TEXTS, source="template")
    export_bank(tmp_path / "bank.yaml", [query])
    assert QueryBank(tmp_path / "bank.yaml", "template").write(label) == query


def test_an_export_says_who_wrote_each_class(tmp_path: Path) -> None:
    export_bank(tmp_path / "b.yaml", [ClassQuery("wash", "w", **TEXTS, source="llm:x")])
    assert (tmp_path / "b.yaml").read_text().startswith("# llm:x\nwash:\n  prompt_name: w\n")


def test_an_edited_file_is_not_overwritten(tmp_path: Path) -> None:
    path = bank(tmp_path)
    with pytest.raises(InputError, match=r"needs a new file, '.*edited\.yaml' exists; give"):
        export_bank(path, [])
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"--export cannot write '.*': File exists"):
        export_bank(tmp_path / "file" / "x.yaml", [])
