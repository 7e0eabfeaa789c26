"""Hostile classes, file names and a secret, through the whole graph: data stay data."""

import csv
import html.parser
import io
import json
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

import duckdb
import pytest
import yaml
from typing_extensions import override

from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.servers.openai_server import OpenAiServer
    from tests.zs_dagster.cli.conftest import Ended

KEY = "sk-sentinel-that-may-lie-nowhere"
LABELS = [
    "<script>alert(1)</script>",
    "'; drop table segments; --",
    "../../../etc/passwd",
    "=cmd|' /C calc'!A0",
    "nul \0 byte",
    "new\nline | of | a table",
    "x" * 300,
    "\u202eright to left 跳高",
    "🎬 {{ 7 * 7 }} %s {0}",
    "--help",
    "![](http://127.0.0.1:9/x.png)",
]
VIDEOS = [
    "<img src=x onerror=alert(2)>",
    "'; drop table videos; --",
    "=1+1",
    "-rf",
    "A",
    "a",
    unicodedata.normalize("NFC", "é"),
    unicodedata.normalize("NFD", "é"),
    "new\nline",
]


NEW = ("--dataset", "tiny", "--name", "seen")


class Tags(html.parser.HTMLParser):
    """Elements of a page, and the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {(tag, ""), *((tag, name) for name, _ in attrs)}


def fill(tiny: "TinyHome", server: "OpenAiServer") -> None:
    """Give the dataset hostile names, and a server that wants a key."""
    first = (tiny.videos / "first.mp4").read_bytes()
    for name in VIDEOS:
        (tiny.videos / f"{name}.mp4").write_bytes(first + name.encode())
    tiny.annotate({name: [(LABELS[0], 0.0, 1.0)] for name in VIDEOS})
    lvlm = {"base_url": server.url, "concurrency": 8, "api_key_env": "LVLM_KEY"}
    profile = {"clip": {"model": "package:demo/weights/clip"}, "lvlm": lvlm}
    path = Home(tiny.root).profiles / "served.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(profile))
    options = {"fps": 1, "top_k": 2, "methods": {"zeal": {}, "zeal<b>|": {}}}
    tiny.describe(classes=LABELS, queries=None, profile="served", localization=options)


def test_hostile_names_stay_data_and_the_key_stays_out_of_every_file(
    cli: "Callable[..., Ended]",
    tiny: "TinyHome",
    lvlm_server: "OpenAiServer",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lvlm_server.key = KEY
    for variable in ("LVLM_KEY", "OPENAI_API_KEY", "HF_TOKEN"):
        monkeypatch.setenv(variable, KEY)
    fill(tiny, lvlm_server)
    ended = cli("run", "tiny")
    assert ended.status == 0, ended.err
    home = Home(tiny.root)
    with duckdb.connect(str(home.results), read_only=True) as results:
        kept = results.execute("select distinct label from class_queries").fetchall()
        assert {label for (label,) in kept} == set(LABELS)
        read = results.execute("select video_id from videos where status = 'ok'").fetchall()
        assert {video for (video,) in read} == {*VIDEOS, "first", "nested/second", "third"}
        n_segments = len(results.execute("select * from segments").fetchall())
    page = (home.reports / "tiny.html").read_text()
    assert not {tag for tag, _ in Tags(page).found} & {"img", "iframe"}
    assert not [name for _, name in Tags(page).found if name.startswith("on")]
    exported = cli("export", "tiny", "--format", "csv", "--out", tiny.root / "out.csv")
    assert exported.status == 0, exported.err
    rows = list(csv.reader(io.StringIO((tiny.root / "out.csv").read_text(), newline="")))
    assert len(rows) > 1
    assert n_segments
    # A spreadsheet computes what begins so.
    assert not [row for row in rows if row[0][0] in "=+-@" or row[3][0] in "=+-@"]
    back = cli("import", tiny.root / "out.csv", "--format", "csv", *NEW)
    assert back.status == 0, back.err
    assert json.loads(cli("status", "tiny", "--json").out)
    for path in tiny.root.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
    assert not [p for p in tiny.root.parent.iterdir() if p != tiny.root]
