"""Questions written by a language model: ask, check, tell what was wrong, ask again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zs_dagster.digests import digest
from zs_dagster.errors import QueryError
from zs_dagster.queries.answer import Answer, AnswerError, answer_type, parse_answer
from zs_dagster.queries.budget import Budget, estimated_tokens
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.language_model import Completion, LanguageModel
from zs_dagster.queries.prompt_sets import SYSTEM, PromptSet, correction

TRIES = 3


@dataclass(frozen=True)
class LlmWriter:
    """Writes the texts of one class after the other; knows no dataset.

    Attributes:
        model: Who is asked.
        settings: ``model``, ``temperature``, ``seed`` and ``max_tokens``: what decides an
            answer besides the request.
        prompts: What it is asked for.
        budget: Shared by all classes.
    """

    model: LanguageModel
    settings: Mapping[str, Any]
    prompts: PromptSet
    budget: Budget = field(default_factory=Budget)

    def key(self, label: str, name: str) -> str:
        """Return the digest of what decides the answer; asks nobody."""
        return digest("llm", label, name, self.prompts.version, dict(self.settings))

    def prompt_tokens(self, label: str, name: str) -> int:
        """Estimate the tokens of the request for a class, its schema included."""
        return estimated_tokens(SYSTEM, self.prompts.ask(label, name), json.dumps(self.schema))

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of an answer."""
        return answer_type(self.prompts).model_json_schema(by_alias=True)

    def write(self, label: str, name: str) -> ClassQuery:
        """Ask for the texts of a class, at most three times.

        Raises:
            QueryError: If no answer was valid; names the class and what was wrong last.
            ModelError: If the model cannot be asked.
            BudgetError: If the next call would go beyond the budget.
        """
        asked = request = self.prompts.ask(label, name)
        took: dict[str, Any] = {"tries": 0, "prompt_tokens": 0, "answer_tokens": 0}
        reason = ""
        while took["tries"] < TRIES:
            completion, read, written = self._ask(asked)
            took["tries"] += 1
            took["prompt_tokens"] += read
            took["answer_tokens"] += written
            try:
                answer = parse_answer(completion.text, label, name, self.prompts)
            except AnswerError as error:
                reason = str(error)
                asked = request + correction(completion.text, reason)
            else:
                return self._query(label, name, answer, {"model": completion.model, **took})
        raise QueryError(
            f"class '{label}': '{self.settings['model']}' gave no valid answer in {TRIES} "
            f"tries, the last time {reason}; run again with another model, or write the class "
            "into your bank"
        )

    def _ask(self, asked: str) -> tuple[Completion, int, int]:
        schema = self.schema
        read = estimated_tokens(SYSTEM, asked, json.dumps(schema))
        reserved = read + int(self.settings["max_tokens"])
        self.budget.reserve(reserved)
        used = 0
        try:
            completion = self.model.complete(SYSTEM, asked, schema)
            written = completion.answer_tokens
            if written is None:
                written = estimated_tokens(completion.text)
            read = read if completion.prompt_tokens is None else completion.prompt_tokens
            used = read + written
        finally:
            self.budget.settle(reserved, used)
        return completion, read, written

    def _query(
        self, label: str, name: str, answer: Answer, took: Mapping[str, Any]
    ) -> ClassQuery:
        texts: dict[str, Any] = answer.model_dump(exclude={"class_"})
        asked = {f"asked_{key}": value for key, value in self.settings.items()}
        return ClassQuery(
            label=label,
            prompt_name=name,
            source=f"llm:{took['model']} ({self.prompts.version})",
            **texts,
            provenance={**asked, "prompts": self.prompts.version, **took},
        )
