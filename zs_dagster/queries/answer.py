"""The answer of a language model about one class, checked before anybody uses it."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from zs_dagster.queries.bank import same_label
from zs_dagster.queries.prompt_sets import PromptSet
from zs_dagster.queries.rules import problems

# No bounds here: the strict mode of servers refuses schemas with them, and the rules have some.
Text = Annotated[str, AfterValidator(str.strip)]


class AnswerError(ValueError):
    """An answer breaks a rule; says which, to the model as much as to the user."""


class Answer(BaseModel):
    """What a language model says about one class."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    class_: Text = Field(alias="class")
    start_question: Text
    end_question: Text
    description: Text


class StagesAnswer(Answer):
    """The same, with a question about the middle."""

    middle_question: Text


SCHEMA: dict[str, Any] = Answer.model_json_schema(by_alias=True)


def answer_type(prompts: PromptSet) -> type[Answer]:
    """Return what a set of instructions asks for."""
    return StagesAnswer if prompts.asks_middle else Answer


def parse_answer(text: str, label: str, name: str, prompts: PromptSet) -> Answer:
    """Read and check an answer.

    Args:
        text: JSON, or any text with a JSON object in it; the last object counts, as models
            that think aloud end with what they mean.
        label: The class asked about.
        name: The class as it is written in prompts; the model may call it that.
        prompts: What it was asked for, which says which rules hold.

    Raises:
        AnswerError: If there is no such object, or it breaks a rule.
    """
    found = [*_objects(text)]
    if not found:
        raise AnswerError(f"the answer must be a JSON object, got '{_short(text)}'")
    try:
        answer = answer_type(prompts).model_validate(found[-1])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise AnswerError(f"{key}: {first['msg']}, got '{_short(text)}'") from error
    if not any(_is_same(answer.class_, wanted) for wanted in (label, name)):
        raise AnswerError(f"class must be '{label}', got '{answer.class_}'")
    texts = answer.model_dump(exclude={"class_"})
    broken = [p for p in problems(**texts) if p.rule not in prompts.exempt]
    if broken:
        raise AnswerError("; ".join(p.sentence for p in broken))
    return answer


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a text that lie in no other one."""
    decoder, place = json.JSONDecoder(), text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            yield value
        place = text.find("{", end)


def _is_same(said: str, wanted: str) -> bool:
    return said == wanted.strip() or (same_label(said) or None) == same_label(wanted)


def _short(text: str) -> str:
    return " ".join(text.split())[:120]
