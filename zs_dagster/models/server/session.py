"""Questions about the frames of one stream, many of them under way at once."""

import asyncio
from collections.abc import Sequence
from functools import partial

from zs_dagster.models.profiles import LvlmServer
from zs_dagster.models.protocols import FrameArray
from zs_dagster.models.server.connection import Connection
from zs_dagster.models.server.images import data_url
from zs_dagster.models.server.loop import together
from zs_dagster.models.server.reading import Reading
from zs_dagster.models.server.served import CHAT, Served


class Session:
    """Asks about frames; never more than ``concurrency`` requests are under way."""

    def __init__(self, connection: Connection, server: LvlmServer, served: Served) -> None:
        """Make a session for one event loop."""
        self._connection = connection
        self._served = served
        self._image_format = server.image_format
        self._requests = asyncio.Semaphore(server.concurrency)
        # As many frames as requests keep the server busy even with one question per frame;
        # more would only push the images of earlier ones out of its cache.
        self._frames = asyncio.Semaphore(server.concurrency)

    async def ask(
        self, frames: FrameArray, first: int, questions: Sequence[str]
    ) -> list[list[Reading]]:
        """Ask Q >= 1 questions about each of N frames ``(N, H, W, 3)``; N lists of Q answers.

        Args:
            frames: uint8 RGB.
            first: Number of the first frame in its stream, for messages.
            questions: As the model shall read them.
        """
        numbered = enumerate(frames, first)
        return await together([self._frame(frame, n, questions) for n, frame in numbered])

    async def _frame(
        self, frame: FrameArray, number: int, questions: Sequence[str]
    ) -> list[Reading]:
        """Ask one question first: the others then find the image in the server's cache.

        vLLM can reuse the keys and values of a prefix only once they are computed
        (automatic prefix caching), so questions sent together would all compute them.
        """
        async with self._frames:
            image = await asyncio.to_thread(data_url, frame, self._image_format)
            ask = partial(self._question, image, number)
            leader = await ask(questions[0])
            return [leader, *await together([ask(question) for question in questions[1:]])]

    async def _question(self, image: str, number: int, question: str) -> Reading:
        answer = partial(self._served.read, subject=f"frame {number} and '{question}'")
        async with self._requests:
            return await self._connection.ask(CHAT, answer, self._served.body(image, question))
