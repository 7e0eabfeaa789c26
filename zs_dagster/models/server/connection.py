"""One HTTP client for one server: asks until there is an answer, and says why there is none."""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAIError

from zs_dagster.errors import InputError, ModelError, UnreachableError
from zs_dagster.models.profiles import LvlmServer
from zs_dagster.models.server.faults import Fault, RefusedError, describe

Reply = TypeVar("Reply")

FIRST_PAUSE_S = 0.5
"""Before the second try, where the server does not say; doubled for each further one."""
_MAX_PAUSE_S = 8.0
_CONNECT_S = 10.0
# The client insists on a key and would take one out of the environment that is not for this
# server.
_NO_KEY = "none"

logger = logging.getLogger(__name__)


class Connection:
    """An asynchronous client; use it inside one event loop and close it there."""

    def __init__(self, server: LvlmServer) -> None:
        """Prepare a client; nothing is sent yet.

        Raises:
            InputError: If the URL holds a password or more than a path.
            ModelError: If the variable of the key is not set.
        """
        self._url = _plain(server.base_url)
        self._server = server
        self._key = _key(server.api_key_env)
        limit = server.concurrency
        self._client = AsyncOpenAI(
            base_url=self._url,
            api_key=self._key or _NO_KEY,
            # The tries are counted here, malformed answers included.
            max_retries=0,
            timeout=httpx.Timeout(None, connect=_CONNECT_S),
            http_client=DefaultAsyncHttpxClient(
                limits=httpx.Limits(max_connections=limit, max_keepalive_connections=limit)
            ),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.close()

    async def ask(
        self, path: str, read: Callable[[str], Reply], body: dict[str, Any] | None = None
    ) -> Reply:
        """Send a request, again where that may help, and read the answer.

        Args:
            path: Below the base URL, or a whole URL.
            read: Turns the text of the answer into a value; a ValueError means that the
                answer is malformed, and it is asked for again.
            body: JSON to post; without it the request is a GET.

        Raises:
            RefusedError: If the server refuses the request.
            UnreachableError: If there was no proper answer within the tries of the profile.
        """
        number, tries = 1, self._server.max_retries + 1
        while True:
            try:
                return read(await self._send(path, body))
            except (OpenAIError, TimeoutError, ValueError) as error:
                fault = self._describe(error)
            # Raised out here, so that no traceback quotes what a server says about a key.
            if not fault.passes:
                raise RefusedError(self._refusal(fault, body), fault.status)
            if number == tries:
                raise UnreachableError(
                    f"the server at {self._url} must answer, got {fault.reason} in the last of "
                    f"{tries} tries; check base_url and the server, lower concurrency or raise "
                    "max_retries"
                )
            await self._pause(fault, number)
            number += 1

    async def _pause(self, fault: Fault, number: int) -> None:
        pause = min(FIRST_PAUSE_S * 2 ** (number - 1), _MAX_PAUSE_S)
        pause = pause if fault.wait_s is None else fault.wait_s
        logger.info(
            "%s: try %d gave %s; the next follows in %g s",
            *(self._url, number, fault.reason, pause),
        )
        await asyncio.sleep(pause)

    async def _send(self, path: str, body: dict[str, Any] | None) -> str:
        async with asyncio.timeout(self._server.timeout_s):
            if body is None:
                response = await self._client.get(path, cast_to=httpx.Response)
            else:
                response = await self._client.post(path, cast_to=httpx.Response, body=body)
        return response.text

    def _refusal(self, fault: Fault, body: dict[str, Any] | None) -> str:
        if fault.status in (401, 403):
            variable = self._server.api_key_env
            remedy = (
                f"check the key in the variable {variable}"
                if variable
                else "name the variable that holds the key as api_key_env in the profile"
            )
            rule = "accept the key"
        elif fault.status == 404 and body:
            rule = f"know the model '{body['model']}'"
            remedy = f"see {self._url}/models for its names, and let base_url end in /v1"
        else:
            rule, remedy = "accept the request", "see docs/servers.md for what it must support"
        return f"the server at {self._url} must {rule}, got {fault.reason}; {remedy}"

    def _describe(self, error: Exception) -> Fault:
        fault = describe(error, self._server.timeout_s)
        # Servers may quote the key.
        hidden = fault.reason.replace(self._key, "***") if self._key else fault.reason
        return replace(fault, reason=hidden)


def _plain(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
        fits = bool(url.host) and not (url.userinfo or url.query or url.fragment)
    except httpx.InvalidURL:
        fits = False
    if not fits:
        raise InputError(
            "base_url must be http or https, a host and a path, got something else, which is "
            "not shown here as it may hold a password; put the key into a variable and name "
            "that as api_key_env"
        )
    return base_url.rstrip("/")


def _key(variable: str | None) -> str:
    if variable is None:
        return ""
    key = os.environ.get(variable, "").strip()
    # Anything else cannot be sent in a header, and the error would quote it.
    if not (key and key.isascii() and key.isprintable()):
        raise ModelError(
            f"the key of the server must be in the variable {variable}, which is not set or "
            "holds what no key can; export it, or remove api_key_env from the profile"
        )
    return key
