"""The shipped texts: every class of every file keeps the rules of a question."""

import re

import pytest

from zs_dagster.queries.bank import same_label
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.rules import problems
from zs_dagster.queries.sources import SHIPPED, from_template, shipped_banks

BANKS = {bank.path.stem: bank for bank in shipped_banks()}
BEGINNINGS = ("Is", "Are", "Does", "Do", "Has", "Have", "Can")


def faults(query: ClassQuery) -> list[str]:
    """Return the rules that the texts of a class break."""
    questions = (query.start_question, query.end_question)
    rules = {
        "ends with ?": all(text.endswith("?") for text in questions),
        "one question": all(text.count("?") == 1 for text in questions),
        "begins with a verb": all(text.split()[0] in BEGINNINGS for text in questions),
        "25 words": all(len(text.split()) <= 25 for text in questions),
        "20 words": len(query.description.split()) <= 20,
        "differ": questions[0].casefold() != questions[1].casefold(),
        "lower case": query.description[0].islower(),
        "one sentence": not re.search(r"[.?!;]\s+\S", query.description),
        "rules of all texts": not [
            p
            for p in problems(*questions, query.description, query.middle_question)
            if p.rule != "timing"
        ],
        "ASCII": all(text.isascii() for text in query.texts().values()),
        "no brace": not re.search(r"[{}]", "".join(query.texts().values())),
        "tidy spaces": all(
            text == " ".join(text.split()) for text in [*query.texts().values()][1:]
        ),
    }
    return [rule for rule, kept in rules.items() if not kept]


@pytest.mark.parametrize("stem", BANKS)
def test_every_class_keeps_the_rules(stem: str) -> None:
    bank = BANKS[stem]
    found = {label: bank.write(label) for label in bank.entries}
    broken = {label: faults(query) for label, query in found.items() if faults(query)}
    assert not broken


@pytest.mark.parametrize("stem", BANKS)
def test_no_two_labels_are_spellings_of_one(stem: str) -> None:
    labels = list(BANKS[stem].entries)
    assert len({same_label(label) for label in labels}) == len(labels)


@pytest.mark.parametrize(("stem", "count"), [("thumos14", 20), ("hmdb51", 51)])
def test_written_files_hold_the_classes_and_no_text_twice(stem: str, count: int) -> None:
    queries = [BANKS[stem].write(label) for label in BANKS[stem].entries]
    assert len(queries) == count
    for name in ("prompt_name", "start_question", "end_question", "description"):
        assert len({getattr(query, name) for query in queries}) == count


@pytest.mark.parametrize("name", ["golf swing", "open the fridge", "pouring water"])
def test_the_template_keeps_the_rules_too(name: str) -> None:
    assert not faults(from_template(name, name))


def test_the_rules_see_a_fault() -> None:
    query = ClassQuery("a", "a", "Runs he? Yes", "Is it é {x}", "A man runs quickly. Fast", "s")
    expected = ["ends with ?", "one question", "begins with a verb", "lower case"]
    expected += ["one sentence", "rules of all texts", "ASCII", "no brace"]
    assert faults(query) == expected


def test_shipped_files_are_the_folder() -> None:
    assert sorted(BANKS) == sorted(path.stem for path in SHIPPED.glob("*.yaml"))
