"""A model hub on this machine: a real HTTP server that speaks the hub's protocol."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """Repositories by name, each file by its path in them; `asked` grows with the requests.

    Attributes:
        url: Where the server listens.
        cache: The client's cache in this test.
        files: Repository -> file -> content.
        asked: Method and path of every request.
        lost: Files that are listed and not sent.
    """

    url: str
    cache: Path
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)

    def add_folder(self, repo: str, folder: Path) -> None:
        """Publish the files of a folder."""
        self.files[repo] = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}

    def answer(self, path: str) -> tuple[bytes | None, dict[str, str]]:
        """Return content and headers for a path; no content where there is nothing."""
        for repo, files in self.files.items():
            name = path.removeprefix(f"/{repo}/resolve/").partition("/")[2]
            if path.startswith(f"/{repo}/resolve/") and name in files.keys() - self.lost:
                headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{_etag(files[name])}"'}
                return files[name], headers
            if path.startswith(f"/api/models/{repo}/tree/"):
                return json.dumps(_tree(files)).encode(), {}
            if path.startswith(f"/api/models/{repo}/revision/"):
                return json.dumps(_info(repo, files)).encode(), {}
        return None, {"X-Error-Code": "RepoNotFound"}

    def fetched(self) -> set[str]:
        """Return the names of the files whose content was sent."""
        paths = [line.split()[1] for line in self.asked if line.startswith("GET ")]
        return {path.rpartition("/")[2] for path in paths if "/resolve/" in path}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub: Hub = self.server.hub  # type: ignore[attr-defined]
        hub.asked.append(f"{self.command} {self.path}")
        content, headers = hub.answer(self.path.partition("?")[0])
        self.send_response(200 if content is not None else 404)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content or b"")

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Keep tests quiet."""


def _etag(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _tree(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [
        {"type": "file", "path": name, "oid": _etag(content), "size": len(content)}
        for name, content in files.items()
    ]


def _info(repo: str, files: dict[str, bytes]) -> dict[str, Any]:
    return {"id": repo, "sha": COMMIT, "siblings": [{"rfilename": name} for name in files]}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub of this test's own, which the client reaches, and an empty cache."""
    found = Hub("", tmp_path / "hub-cache")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.hub = found  # type: ignore[attr-defined]
    found.url = f"http://127.0.0.1:{server.server_port}"
    for name, value in (
        ("ENDPOINT", found.url),
        ("HF_HUB_OFFLINE", False),
        ("HF_HUB_CACHE", str(found.cache)),
    ):
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
    template = found.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def write_profile() -> Callable[[Path, str, str], None]:
    """Write a profile of the user's own: home, name, YAML."""

    def write(home: Path, name: str, text: str) -> None:
        (home / "profiles").mkdir(parents=True, exist_ok=True)
        (home / "profiles" / f"{name}.yaml").write_text(text)

    return write
