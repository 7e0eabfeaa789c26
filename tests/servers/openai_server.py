"""A real HTTP server on loopback that speaks OpenAI's chat completions, and fails on demand.

What it answers comes from a brain; what it counts, tests assert.
"""

import json
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any, Literal, Protocol

from typing_extensions import override

Json = dict[str, Any]
Kind = Literal["status", "hang", "drop", "garbage"]
# Bounds a wait that ends earlier unless the test fails.
PATIENCE_S = 20


class Brain(Protocol):
    """Answers requests; raises `Refusal` for those that it does not take."""

    models: list[str]

    def complete(self, body: Json) -> Json:
        """Answer a chat completion."""

    def tokenize(self, body: Json) -> Json:
        """Answer what vLLM answers under ``/tokenize``."""

    def name(self, body: Json) -> str:
        """Name a request, equal for equal ones, to count it by."""


class Refusal(Exception):  # noqa: N818 - it is an answer
    """The server answers with an error."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with one request; a status carries headers."""

    kind: Kind
    status: int = 500
    retry_after: str | None = None
    message: str = "injected"


class OpenAiServer:
    """Serves a brain.

    Attributes:
        faults: One per coming completion, first come first served; None is no fault.
        key: What clients must send as key; None takes any.
        gather: Requests wait until so many of them are here at once.
        log: ``("start" | "end", name)`` of every completion that was answered, in order.
        answered: How often each request was answered well.
        peak: Most completions under way at once.
        bodies: All completions asked for, as sent.
        paths: How often each path was asked for.
    """

    def __init__(self, brain: Brain) -> None:
        self.brain = brain
        self.faults: deque[Fault | None] = deque()
        self.key: str | None = None
        self.gather = 1
        self.log: list[tuple[str, str]] = []
        self.answered: Counter[str] = Counter()
        self.peak = 0
        self.bodies: list[Json] = []
        self.paths: Counter[str] = Counter()
        self.connections = 0
        self._here = 0
        self._changed = Condition()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self

    @property
    def url(self) -> str:
        """Base URL, with ``/v1``."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @contextmanager
    def running(self) -> Iterator["OpenAiServer"]:
        """Serve inside the block."""
        thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    @contextmanager
    def under_way(self, name: str) -> Iterator[None]:
        """Count a completion while it is answered; wait for company if `gather` says so."""
        with self._changed:
            self.log.append(("start", name))
            self._here += 1
            self.peak = max(self.peak, self._here)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.peak >= self.gather, timeout=PATIENCE_S)
        try:
            yield
            with self._changed:
                self.answered[name] += 1
        finally:
            with self._changed:
                self._here -= 1
                self.log.append(("end", name))
                self._changed.notify_all()

    def next_fault(self) -> Fault | None:
        """Take the fault of the next completion."""
        with self._changed:
            return self.faults.popleft() if self.faults else None

    def count_connections(self, change: int) -> None:
        """Keep the number of open connections."""
        with self._changed:
            self.connections += change
            self._changed.notify_all()

    def wait_until_answered(self, count: int) -> bool:
        """Say whether so many completions were answered well, giving them time to be."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self.answered.total() >= count, timeout=PATIENCE_S
            )

    def wait_until_left(self) -> bool:
        """Say whether all clients closed their connections, giving them time to do so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.connections, timeout=PATIENCE_S)


class _Http(ThreadingHTTPServer):
    owner: OpenAiServer
    daemon_threads = True
    request_queue_size = 256


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @override
    def setup(self) -> None:
        super().setup()
        self.server.owner.count_connections(+1)

    @override
    def finish(self) -> None:
        super().finish()
        self.server.owner.count_connections(-1)

    @override
    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        self._respond({})

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self._respond(json.loads(self.rfile.read(length)))

    def _respond(self, body: Json) -> None:
        owner = self.server.owner
        owner.paths[self.path] += 1
        try:
            self._check_key(owner.key)
            self._route(body)
        except Refusal as refusal:
            error = {"error": {"message": refusal.message}}
            self._send(refusal.status, json.dumps(error), refusal.headers)

    def _check_key(self, key: str | None) -> None:
        sent = self.headers["authorization"]
        if key and sent != f"Bearer {key}":
            raise Refusal(401, f"Incorrect API key provided: {sent}")

    def _route(self, body: Json) -> None:
        owner = self.server.owner
        if self.path == "/v1/models":
            self._send(200, json.dumps({"data": [{"id": m} for m in owner.brain.models]}))
        elif self.path == "/tokenize":
            self._send(200, json.dumps(owner.brain.tokenize(body)))
        elif self.path == "/v1/chat/completions":
            owner.bodies.append(body)
            fault = owner.next_fault()
            if fault is None:
                self._complete(body)
            else:
                self._fail(fault)
        else:
            raise Refusal(404, f"no path {self.path}")

    def _complete(self, body: Json) -> None:
        owner, name = self.server.owner, self.server.owner.brain.name(body)
        with owner.under_way(name):
            answer = json.dumps(owner.brain.complete(body))
        self._send(200, answer)

    def _fail(self, fault: Fault) -> None:
        if fault.kind == "status":
            headers = {"retry-after": fault.retry_after} if fault.retry_after else {}
            raise Refusal(fault.status, fault.message, **headers)
        if fault.kind == "garbage":
            self._send(200, fault.message)
            return
        if fault.kind == "hang":
            # Nothing comes until the client gives up and closes the connection.
            self.connection.settimeout(PATIENCE_S)
            self.connection.recv(1)
        self.close_connection = True

    def _send(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
