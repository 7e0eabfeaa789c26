"""A real HTTP server on the loopback that answers like a language model, as scripted."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, NamedTuple

import pytest
import yaml

KEY = "sk-very-secret-0123456789"
MODEL = "writer-2024-11-20"


class Reply(NamedTuple):
    """Status, body and headers; a text for a body is sent as it is."""

    status: int = 200
    body: object = None
    headers: tuple[tuple[str, str], ...] = ()


def texts(label: str, **changes: str) -> dict[str, str]:
    """Make valid texts about a class."""
    return {
        "class": label,
        "start_question": f"Is the body at the near edge of the {label}?",
        "end_question": f"Is the body at the far edge of the {label}?",
        "description": f"a person in the {label}",
    } | changes


def says(content: object, *, usage: bool = True) -> Reply:
    """Make a chat completion; what is no text is written as JSON."""
    text = content if isinstance(content, str) else json.dumps(content)
    body: dict[str, Any] = {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
    }
    if usage:
        body["usage"] = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    return Reply(body=body)


@dataclass
class LlmServer:
    """What it was asked, and what it says.

    Attributes:
        url: For `base_url`.
        script: Label -> replies, used up one by one; then valid texts.
        first: Replies to the first requests, whatever they ask.
        requests: Bodies, in order.
        keys: `Authorization` headers, in order.
        before: Called with the label before a reply is sent.
    """

    url: str = ""
    script: dict[str, list[Reply]] = field(default_factory=dict)
    first: list[Reply] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    before: Callable[[str], object] = str

    def reply(self, body: dict[str, Any], key: str) -> Reply:
        with self.lock:
            self.requests.append(body)
            self.keys.append(key)
            if self.first:
                return self.first.pop(0)
            label = self.label(body)
            replies = self.script.get(label)
            return replies.pop(0) if replies else says(texts(label))

    def label(self, body: dict[str, Any]) -> str:
        """Read which class a request is about."""
        found = re.search(
            r'"class": exactly ("(?:[^"\\]|\\.)*")', body["messages"][1]["content"]
        )
        return str(json.loads(found[1])) if found else ""

    @property
    def asked(self) -> list[str]:
        """Labels, one per request."""
        return [self.label(body) for body in self.requests]

    def profile(self, root: Path, name: str = "mine", **llm: object) -> None:
        """Write a profile with the models of the demo and this server."""
        said = {"model": "writer", "base_url": self.url, "api_key_env": "TEST_KEY", **llm}
        values = {
            "clip": {"model": "package:demo/weights/clip"},
            "lvlm": {"model": "package:demo/weights/lvlm", "dtype": "float32"},
            "llm": said,
        }
        path = root / "profiles" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(values))


@pytest.fixture
def llm_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmServer]:
    """A server for one test; its key lies in TEST_KEY."""
    monkeypatch.setenv("TEST_KEY", KEY)
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    told = LlmServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = told.reply(body, self.headers.get("Authorization", ""))
            told.before(told.label(body))
            is_text = isinstance(reply.body, str)
            data = str(reply.body) if is_text else json.dumps(reply.body)
            self.send_response(reply.status)
            self.send_header("Content-Type", "text/html" if is_text else "application/json")
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data.encode())))
            self.end_headers()
            self.wfile.write(data.encode())

        def log_message(self, *_: object) -> None:  # type: ignore[explicit-override]
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        told.url = f"http://127.0.0.1:{server.server_port}/v1"
        yield told
        server.shutdown()
