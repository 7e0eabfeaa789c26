"""The question about the middle: written or not, by whoever writes the others."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.llm_server import says, texts
from zs_dagster.errors import QueryError
from zs_dagster.models.llm.server import ServerLlm
from zs_dagster.models.profiles import Llm
from zs_dagster.queries.bank import QueryBank
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.export import bank_text
from zs_dagster.queries.llm_writer import LlmWriter
from zs_dagster.queries.prompt_sets import PROMPT_SETS
from zs_dagster.queries.review import review
from zs_dagster.queries.sources import from_template

if TYPE_CHECKING:
    from tests.llm_server import LlmServer

MIDDLE = "Is the body over the bar?"
TEXTS = {"start_question": "Is it up?", "end_question": "Is it down?", "description": "a swing"}


def bank(folder: Path, **changes: object) -> QueryBank:
    path = folder / "bank.yaml"
    path.write_text(yaml.safe_dump({"jump": {**TEXTS, **changes}}))
    return QueryBank(path)


def test_a_bank_may_have_one(tmp_path: Path) -> None:
    query = bank(tmp_path, middle_question=MIDDLE).write("jump")
    assert query.middle_question == MIDDLE
    prompt = f"This is a frame from a video of jump. {MIDDLE} Only answer yes or no."
    assert query.asked(middle=True) == (*query.prompts(), prompt)
    assert query.asked(middle=False) == query.prompts()


def test_without_one_two_questions_are_asked_and_the_row_is_empty(tmp_path: Path) -> None:
    query = bank(tmp_path).write("jump")
    assert query.middle_prompt() is None
    assert query.asked(middle=True) == query.prompts()
    assert query.row() == {**query.texts(), "middle_question": None}
    assert "middle_question" not in query.texts()


def test_the_template_has_one() -> None:
    query = from_template("jump", "high jump")
    assert query.middle_question == "Is someone in the middle of the action 'high jump'?"


@pytest.mark.parametrize(
    ("middle", "rule"),
    [
        ("It is over", "middle_question must end with '[?]', got 'It is over'"),
        (" ", "middle_question must not be empty"),
        (TEXTS["end_question"], "the middle question must differ from start and end question"),
    ],
)
def test_one_that_is_no_question_of_its_own_is_refused(
    tmp_path: Path, middle: str, rule: str
) -> None:
    with pytest.raises(QueryError, match=rule):
        bank(tmp_path, middle_question=middle).write("jump")


def test_its_words_are_reviewed(tmp_path: Path) -> None:
    query = bank(tmp_path, middle_question="Is it quickly over?").write("jump")
    assert "middle_question" in [problem.field for problem in review([query])["jump"]]


@pytest.mark.parametrize("middle", [MIDDLE, None])
def test_an_exported_bank_reads_the_same(tmp_path: Path, middle: str | None) -> None:
    named: dict[str, Any] = {"label": "jump", "prompt_name": "jump", "source": "me"}
    given = ClassQuery(**named | TEXTS, middle_question=middle)
    path = tmp_path / "bank.yaml"
    path.write_text(bank_text([given]))
    found = QueryBank(path, name="me").write("jump")
    assert found == given


@pytest.mark.parametrize("prompts", ["moments", "stages"])
def test_a_language_model_writes_one_where_it_is_asked_to(
    llm_server: "LlmServer", prompts: str
) -> None:
    told = {"middle_question": MIDDLE} if prompts == "stages" else {}
    llm_server.script["jump"] = [says(texts("jump", **told))]
    said = {"model": "m", "base_url": llm_server.url, "api_key_env": "TEST_KEY"}
    profile = Llm.model_validate({**said, "prompts": prompts})
    writer = LlmWriter(ServerLlm(profile), profile.settings(), PROMPT_SETS[prompts])
    assert writer.write("jump", "jump").middle_question == told.get("middle_question")
    assert ("middle_question" in writer.schema["required"]) is bool(told)
