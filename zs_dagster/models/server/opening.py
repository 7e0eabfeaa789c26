"""The first words with a server: which model it serves, and how its answers can be read."""

import logging
from collections.abc import Awaitable
from functools import partial
from typing import TypeVar

import numpy as np

from zs_dagster.errors import ModelError
from zs_dagster.models.profiles import LvlmServer
from zs_dagster.models.protocols import FrameArray
from zs_dagster.models.server.connection import Connection
from zs_dagster.models.server.faults import RefusedError
from zs_dagster.models.server.images import data_url
from zs_dagster.models.server.reading import Labels, Reading, holds_all, read
from zs_dagster.models.server.replies import first_token, model_names, token_ids
from zs_dagster.models.server.served import CHAT, Served
from zs_dagster.models.server.spellings import by_id, by_text

Found = TypeVar("Found")

_MIN_MASS = 0.5
# What servers answer to a path or a field they do not know.
_UNKNOWN = frozenset({400, 404, 405, 422, 501})
_QUESTION = "Is it day? Only answer yes or no."
_SUBJECT = f"the test frame and '{_QUESTION}'"

logger = logging.getLogger(__name__)


async def meet(connection: Connection, server: LvlmServer) -> Served:
    """Find out how to ask a server, by asking it about a test frame.

    Raises:
        ModelError: If it serves no or several models and none was named, does not give
            log-probabilities, or its model answers neither yes nor no.
    """
    model = await _name(connection, server)
    image = data_url(_test_frame(), server.image_format)
    if labels := await _labels(connection, server, model):
        served = Served(model, labels)
        body = served.body(image, _QUESTION)
        reading = await _if_known(connection.ask(CHAT, partial(_by_id, labels), body), None)
        if reading:
            return _report(served, reading)
    served = Served(model, by_text(server.tokens))
    answer = partial(served.read, subject=_SUBJECT)
    return _report(served, await connection.ask(CHAT, answer, served.body(image, _QUESTION)))


async def _name(connection: Connection, server: LvlmServer) -> str:
    if server.model != "auto":
        return server.model
    names = await connection.ask("/models", model_names)
    if len(names) != 1:
        found = ", ".join(f"'{name}'" for name in names) or "none"
        raise ModelError(
            f"model 'auto' needs a server with one model, got {len(names)} ({found}) at "
            f"{server.base_url}; name one as model in the profile"
        )
    return names[0]


async def _labels(connection: Connection, server: LvlmServer, model: str) -> Labels | None:
    """Find the answer tokens by id; vLLM and SGLang tokenise beside the protocol's own path."""
    url = f"{server.base_url.rstrip('/').removesuffix('/v1')}/tokenize"

    async def tokenize(text: str) -> list[int]:
        body = {"model": model, "prompt": text, "add_special_tokens": False}
        return await _if_known(connection.ask(url, token_ids, body), [])

    return await by_id(tokenize, server.tokens)


def _by_id(labels: Labels, text: str) -> Reading | None:
    """Read the first answer; None if the server did not heed the ids."""
    top = first_token(text)
    return read(top, labels, _SUBJECT) if holds_all(top, labels) else None


async def _if_known(asking: Awaitable[Found], otherwise: Found) -> Found:
    try:
        return await asking
    except RefusedError as error:
        if error.status not in _UNKNOWN:
            raise
        return otherwise


def _report(served: Served, reading: Reading) -> Served:
    mode = served.labels.mode
    logger.info("model '%s' is read in mode '%s': %s", served.model, mode, served.reason)
    logger.info(
        "model '%s' puts %.3f of its probability on yes or no", served.model, reading.mass
    )
    if reading.mass < _MIN_MASS:
        logger.warning(
            "model '%s' puts only %.3f of its probability on yes or no as first answer token; "
            "its scores compare two unlikely words. Check the chat template, and switch "
            "reasoning off",
            *(served.model, reading.mass),
        )
    return served


def _test_frame() -> FrameArray:
    """Draw a ramp of 240x320; a plain frame could be treated as none."""
    ramp = np.linspace(0, 255, 320).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (240, 320, 3)))
