"""`ServerScorer`: P(yes) for every frame and question, from an OpenAI-compatible server."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from threading import Lock

import numpy as np

from zs_dagster.digests import digest
from zs_dagster.errors import InputError
from zs_dagster.models.profiles import LvlmServer
from zs_dagster.models.protocols import FeatureArray, FrameArray
from zs_dagster.models.server.connection import Connection
from zs_dagster.models.server.loop import LoopThread
from zs_dagster.models.server.opening import meet
from zs_dagster.models.server.reading import Mode, Reading
from zs_dagster.models.server.served import Served
from zs_dagster.models.server.session import Session
from zs_dagster.models.server.tally import Tally

STAGE_VERSION = "1"

Readings = list[list[Reading]]


class ServerScorer:
    """A `YesNoScorer` that asks a vision-language model behind a server.

    P(yes) is the softmax over the yes and no tokens that could come first in the answer
    (ZEAL, arXiv:2410.14340). The server is asked once how its answers can be read, and all
    answers are then read in that mode: ``exact``, or ``top-20``, where a rare answer is known
    only within bounds.
    """

    def __init__(self, server: LvlmServer) -> None:
        """Remember where to ask; nothing is sent before the first use."""
        self._server = server
        self._served: Served | None = None
        self._opening = Lock()
        self._tally = Tally()

    @property
    def fingerprint(self) -> str:
        """Digest of model name, mode, token policy and image format; asks on first use."""
        server, served = self._server, self._known()
        made_of = (served.model, served.labels.mode, server.tokens, server.image_format)
        return digest("lvlm-server", STAGE_VERSION, *made_of)

    @property
    def spelled_answers(self) -> dict[str, list[str]]:
        """Answer -> the tokens that count as it, as the server writes them; may ask it."""
        labels = self._known().labels
        return {"yes": sorted(labels.yes), "no": sorted(labels.no)}

    @property
    def mode(self) -> Mode:
        """How answers are read; asks the server on first use."""
        return self._known().labels.mode

    @property
    def mode_reason(self) -> str:
        """Why in this mode."""
        return self._known().reason

    @property
    def tally(self) -> Tally:
        """How many answers there were so far, and how exactly they are known."""
        return self._tally

    def score(self, frames: FrameArray, questions: Sequence[str]) -> FeatureArray:
        """Return P(yes) of every question about every frame.

        Args:
            frames: uint8 RGB, ``(N, H, W, 3)``.
            questions: Q final texts, as the model shall read them.

        Returns:
            float32 ``(N, Q)`` in ``[0, 1]``.

        Raises:
            InputError: If frames or questions break a rule above.
            ModelError: If the server cannot be reached, refuses, or answers neither yes nor
                no.
        """
        (scores,) = self.score_stream([frames], questions)
        return scores

    def score_stream(
        self, chunks: Iterable[FrameArray], questions: Sequence[str]
    ) -> Iterator[FeatureArray]:
        """Score chunks of frames as they come; one array ``(N, Q)`` each, in order.

        At most one chunk is read ahead: its questions go out while the last ones of the
        chunk before are answered. Raises as `score` does; arrays given before stay good.
        """
        _check_questions(questions)
        if not questions:
            yield from (np.zeros((len(frames), 0), np.float32) for frames in chunks)
            return
        tally = Tally()
        with closing(self._answers(chunks, questions)) as answers:
            for readings in answers:
                tally += Tally.of(readings)
                yield _scores(readings, len(questions))
        self._tally += tally
        tally.log()

    def _answers(
        self, chunks: Iterable[FrameArray], questions: Sequence[str]
    ) -> Generator[Readings, None, None]:
        connection = Connection(self._server)
        ahead: deque[Future[Readings]] = deque()
        first = 0
        with LoopThread(connection) as loop:
            session = Session(connection, self._server, self._meet(loop, connection))
            for frames in chunks:
                _check_frames(frames)
                ahead.append(loop.submit(session.ask(frames, first, questions)))
                first += len(frames)
                if len(ahead) > 1:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def _known(self) -> Served:
        if self._served is not None:
            return self._served
        connection = Connection(self._server)
        with LoopThread(connection) as loop:
            return self._meet(loop, connection)

    def _meet(self, loop: LoopThread, connection: Connection) -> Served:
        """Meet the server once, so that all answers are read in one mode."""
        with self._opening:
            if self._served is None:
                self._served = loop.submit(meet(connection, self._server)).result()
            return self._served


def _scores(readings: Readings, n_questions: int) -> FeatureArray:
    p_yes = [reading.p_yes for row in readings for reading in row]
    return np.array(p_yes, np.float32).reshape(len(readings), n_questions)


def _check_questions(questions: Sequence[str]) -> None:
    if isinstance(questions, str):
        raise InputError(f"questions must be a list of texts, got one text {questions!r}")
    for question in questions:
        if not question.strip():
            raise InputError(f"a question must have text, got {question!r}")


def _check_frames(frames: FrameArray) -> None:
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3:
        raise InputError(
            f"frames must be uint8 of shape (N, H, W, 3), got {frames.dtype} {frames.shape}"
        )
