"""A language model behind an OpenAI-compatible server."""

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from zs_dagster.errors import ModelError, UnreachableError
from zs_dagster.models.llm.completion import Completion
from zs_dagster.models.profiles import Llm

if TYPE_CHECKING:
    from openai import APIError, OpenAI

OPENAI_KEY = "OPENAI_API_KEY"
NO_KEY = "none"  # The client wants a text; servers without keys ignore it.
TIMEOUT_S = 120.0
MAX_RETRIES = 5  # For 408, 409, 429 and 5xx, as long as Retry-After says or ever longer.
CANNOT_FORMAT = frozenset({400, 422})
# Not the request but the moment is to blame; none: there was no answer at all.
PASSING = frozenset({None, 408, 409, 429, *range(500, 600)} - {501})


class ServerLlm:
    """Asks for JSON by schema; a server that refuses gets `json_object`, then no format.

    Making one costs nothing and needs no key.
    """

    def __init__(self, llm: Llm) -> None:
        self.llm = llm
        self._format = 0
        self._lock = Lock()

    def complete(self, system: str, user: str, schema: Mapping[str, Any]) -> Completion:
        """Answer with JSON that fits a schema.

        Raises:
            ModelError: If the server cannot be asked, or says something else than an answer.
        """
        refused = None
        for number, form in self._formats(schema):
            answer, failure = self._ask(system, user, form)
            if failure is None:
                self._format = number
                return self._completion(answer)
            refused = refused or failure
            if getattr(failure, "status_code", None) not in CANNOT_FORMAT:
                refused = failure
                break
        # Outside of any `except`: what the server said may hold the key, and would be shown
        # below this error wherever a chain of errors is written out.
        passes = getattr(refused, "status_code", None) in PASSING
        raise (UnreachableError if passes else ModelError)(self._reason(refused))

    def _formats(self, schema: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
        strict = {"name": "class_query", "schema": dict(schema), "strict": True}
        forms: list[dict[str, Any]] = [
            {"response_format": {"type": "json_schema", "json_schema": strict}},
            {"response_format": {"type": "json_object"}},
            {},
        ]
        yield from list(enumerate(forms))[self._format :]

    def _ask(
        self, system: str, user: str, form: Mapping[str, Any]
    ) -> tuple[object, "APIError | None"]:
        from openai import APIError

        # OpenAI's newer models know the new name only, other servers often the old one only.
        limit = "max_tokens" if self.llm.base_url else "max_completion_tokens"
        request: dict[str, Any] = {
            "model": self.llm.model,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": user},
            ],
            "temperature": self.llm.temperature,
            limit: self.llm.max_tokens,
            **({} if self.llm.seed is None else {"seed": self.llm.seed}),
            **form,
        }
        try:
            return self._client.chat.completions.create(**request), None
        except APIError as error:
            return None, error

    @property
    def _client(self) -> "OpenAI":
        with self._lock:
            return self._connected

    @cached_property
    def _connected(self) -> "OpenAI":
        from openai import OpenAI

        try:
            _ = self._host
        except ValueError as error:
            # The URL itself is not shown: people put passwords into URLs.
            raise ModelError(f"base_url of the profile must be a URL: {error}") from error
        return OpenAI(
            api_key=self._key,
            # Said in full: the client would else follow $OPENAI_BASE_URL with our key.
            base_url=self.llm.base_url or "https://api.openai.com/v1",
            timeout=TIMEOUT_S,
            max_retries=MAX_RETRIES,
        )

    @cached_property
    def _key(self) -> str:
        variable = self._key_variable
        if variable is None:
            return NO_KEY
        key = os.environ.get(variable, "").strip()
        if not key:
            raise ModelError(
                f"the key of '{self.llm.model}' must be in the environment variable "
                f"{variable}, which is not set; set it, or name another one in api_key_env"
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ModelError(f"{variable} must hold a key of ASCII letters without spaces")
        return key

    @property
    def _key_variable(self) -> str | None:
        return self.llm.api_key_env or (None if self.llm.base_url else OPENAI_KEY)

    def _completion(self, answer: Any) -> Completion:  # noqa: ANN401 - a server says anything
        try:
            text = answer.choices[0].message.content or ""
            model = str(answer.model or self.llm.model)
        except (AttributeError, IndexError, TypeError):
            raise ModelError(
                f"the server at {self._host} must answer with a chat completion, got "
                f"something else; check base_url, which usually ends in /v1"
            ) from None
        usage = answer.usage
        return Completion(
            text,
            model,
            getattr(usage, "prompt_tokens", None),
            getattr(usage, "completion_tokens", None),
        )

    def _reason(self, error: "APIError | None") -> str:
        status = getattr(error, "status_code", None)
        if status is None:
            return f"the server at {self._host} cannot be reached; check base_url and network"
        if status in (401, 403):
            where = f"the key in {self._key_variable}" if self._key_variable else "no key"
            return (
                f"the server at {self._host} refused {where} (status {status}); "
                "check the key and what it may do, and api_key_env of the profile"
            )
        said = self._said(error)
        if status == 404:
            return (
                f"the server at {self._host} knows no model '{self.llm.model}' "
                f"(status 404: {said}); check model and base_url of the profile"
            )
        return f"the server at {self._host} failed with status {status}: {said}"

    def _said(self, error: object) -> str:
        """Return what a server said in one short line, without the key it may repeat."""
        text = " ".join(str(getattr(error, "message", "")).split())
        return text.replace(self._key, "***")[:200] or "nothing"

    @property
    def _host(self) -> str:
        parts = urlsplit(self.llm.base_url or "https://api.openai.com")
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
