"""`zs-dagster queries`: table, writing, review, import, export."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import yaml

from tests.llm_server import KEY, MODEL, Reply, says

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.llm_server import LlmServer

CLASSES = ["GolfSwing", "open fridge", "purple ball rises"]


class Ended(Protocol):
    status: int
    out: str
    err: str


Cli = Callable[..., Ended]


@pytest.fixture
def mine(tiny: "TinyHome", llm_server: "LlmServer") -> "TinyHome":
    """The dataset `tiny` with a class of each source, and a profile with an LLM."""
    tiny.describe(classes=CLASSES, annotations=None, profile="mine")
    bank = yaml.safe_load(tiny.bank_file.read_text())
    tiny.bank_file.write_text(yaml.safe_dump({CLASSES[2]: bank[CLASSES[2]]}))
    llm_server.profile(tiny.root)
    return tiny


def rows(ended: Ended) -> list[dict[str, Any]]:
    assert ended.status == 0, ended.err
    found: list[dict[str, Any]] = json.loads(ended.out)
    return found


def test_the_table_shows_every_class_and_who_wrote_it(
    mine: "TinyHome", cli: Cli, llm_server: "LlmServer"
) -> None:
    found = rows(cli("queries", "tiny", "--json"))
    assert [(row["label"], row["source"]) for row in found] == [
        ("GolfSwing", "shipped:thumos14"),
        ("open fridge", "template"),
        ("purple ball rises", "bank:tiny-bank.yaml"),
    ]
    assert "Is the purple" in cli("queries", "tiny").out
    assert mine.root.exists()
    assert llm_server.requests == []


def test_what_is_written_can_be_seen_and_is_kept_for_the_dataset_that_wants_it(
    mine: "TinyHome", cli: Cli, llm_server: "LlmServer"
) -> None:
    ended = cli("queries", "tiny", "--write")
    assert ended.status == 0
    assert "wrote 3 of 3 classes with 2 calls and 240 tokens\n" in ended.err
    assert "still uses the shipped questions: set `question_writer: llm` in its" in ended.err
    shown = {row["label"]: row["source"] for row in rows(cli("queries", "tiny", "--json"))}
    assert shown["GolfSwing"] == "shipped:thumos14"
    mine.describe(classes=CLASSES, annotations=None, profile="mine", question_writer="llm")
    found = {row["label"]: row for row in rows(cli("queries", "tiny", "--json"))}
    assert found["GolfSwing"]["source"] == f"llm:{MODEL} (moments-1)"
    assert found["GolfSwing"]["provenance"]["tries"] == 1
    assert found["purple ball rises"]["source"] == "bank:tiny-bank.yaml"
    again = cli("queries", "tiny", "--write").err
    assert "wrote 0 of 3 classes with 0 calls and 0 tokens\n" in again
    assert "still uses" not in again
    assert sorted(llm_server.asked) == CLASSES[:2]


def test_what_is_not_written_is_said(mine: "TinyHome", cli: Cli) -> None:
    mine.describe(classes=CLASSES, annotations=None, profile="mine", question_writer="llm")
    found = rows(cli("queries", "tiny", "--json", "--review"))
    assert [row["source"] for row in found] == [None, None, "bank:tiny-bank.yaml"]
    assert "not written" in cli("queries", "tiny").out


def test_a_dry_run_counts_and_asks_nobody(
    mine: "TinyHome", cli: Cli, llm_server: "LlmServer"
) -> None:
    cost = json.loads(cli("queries", "tiny", "--dry-run", "--json").out)
    assert (cost["classes"], cost["to_write"], cost["calls"]) == (3, 2, 2)
    assert (cost["calls_at_most"], cost["answer_tokens"]) == (6, 512)
    assert "prompt_tokens " in cli("queries", "tiny", "--write", "--dry-run").out
    assert llm_server.requests == []
    assert mine.root.exists()


def test_a_limit_stops_with_status_1_and_says_how_to_go_on(
    mine: "TinyHome", cli: Cli, llm_server: "LlmServer"
) -> None:
    ended = cli("queries", "tiny", "--write", "--max-calls", 1)
    assert (ended.status, len(llm_server.requests)) == (1, 1)
    # A class that needs no call may be under way, or not begun, when the limit is met.
    assert re.search(
        r"error: the limit of 1 calls is reached; go on with `zs-dagster queries DATASET "
        r"--write --max-calls N` \([12] of 3 classes were written and are kept\)\n$",
        ended.err,
    )
    assert "with 1 calls" in cli("queries", "tiny", "--write").err
    assert mine.root.exists()


def test_a_wrong_key_is_one_line_without_the_key(
    mine: "TinyHome", cli: Cli, llm_server: "LlmServer"
) -> None:
    llm_server.first = [Reply(401, {"error": {"message": f"Incorrect: {KEY}"}})] * 2
    ended = cli("queries", "tiny", "--write")
    assert ended.status == 1
    assert "refused the key in TEST_KEY (status 401); check the key" in ended.err
    stored = [p for p in mine.root.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]
    assert (KEY in ended.out + ended.err, stored) == (False, [])


def test_a_class_that_cannot_be_written_is_named_and_the_rest_kept(
    mine: "TinyHome", cli: Cli, llm_server: "LlmServer"
) -> None:
    llm_server.script["open fridge"] = [says("I cannot.")] * 3
    ended = cli("queries", "tiny", "--write")
    assert ended.status == 2
    assert "error: class 'open fridge': 'writer' gave no valid answer in 3 tries" in ended.err
    assert "(2 of 3 classes were written and are kept)" in ended.err
    cli("queries", "tiny", "--write")
    assert sorted(llm_server.asked) == ["GolfSwing", *["open fridge"] * 4]
    assert mine.root.exists()


def test_a_profile_without_an_llm_says_what_to_add(tiny: "TinyHome", cli: Cli) -> None:
    ended = cli("queries", "tiny", "--write")
    assert (ended.status, tiny.root.exists()) == (2, True)
    assert "profile 'demo' names no language model; add `llm: {model: NAME}` to it" in ended.err


def test_review_marks_the_texts_that_break_a_rule(mine: "TinyHome", cli: Cli) -> None:
    mine.ask(CLASSES[2], start_question="Is the ball slowly about to rise?")
    found = rows(cli("queries", "tiny", "--review", "--json"))
    marked = {row["label"]: [p["rule"] for p in row["problems"]] for row in found}
    assert marked["purple ball rises"] == ["adverb", "timing"]
    assert marked["open fridge"] == []
    shown = cli("queries", "tiny", "--review").out
    assert "adverb         purple ball rises: start_question must have no adverb" in shown
    assert "2 of 3 classes have problems" in shown


def test_a_shipped_dataset_takes_over_what_was_written_elsewhere(
    mine: "TinyHome", cli: Cli, llm_server: "LlmServer", tmp_path: Path
) -> None:
    bank = tmp_path / "thumos.yaml"
    exported = cli("queries", "thumos14", "--models", "mine", "--write", "--export", bank)
    assert f"exported 20 of 20 classes to '{bank}'" in exported.err
    imported = cli("queries", "thumos14", "--import", bank, "--json")
    assert {row["source"] for row in rows(imported)} == {"imported"}
    assert "imported 20 of 20 classes; delete '" in imported.err
    assert (mine.root / "queries" / "thumos14.yaml").read_bytes() == bank.read_bytes()
    assert len(llm_server.requests) == 20


def test_an_import_warns_of_style_and_refuses_what_is_broken(
    mine: "TinyHome", cli: Cli, tmp_path: Path
) -> None:
    bank = tmp_path / "edited.yaml"
    entry = {"start_question": "Is it just up?", "end_question": "Is it down?"}
    bank.write_text(yaml.safe_dump({"GolfSwing": {**entry, "description": "a golf swing"}}))
    ended = cli("queries", "tiny", "--import", bank, "--json")
    assert rows(ended)[0]["source"] == "imported"
    assert "warning: class 'GolfSwing': start_question must have no adverb" in ended.err
    bank.write_text(yaml.safe_dump({"GolfSwing": entry}))
    refused = cli("queries", "tiny", "--import", bank)
    assert refused.status == 2
    assert f"error: class 'GolfSwing' in '{bank}' must have description" in refused.err
    assert mine.root.exists()


def test_nothing_written_is_nothing_to_export(
    mine: "TinyHome", cli: Cli, tmp_path: Path
) -> None:
    mine.describe(classes=CLASSES[:2], annotations=None, profile="mine", question_writer="llm")
    ended = cli("queries", "tiny", "--export", tmp_path / "new.yaml")
    assert (ended.status, (tmp_path / "new.yaml").exists()) == (2, False)
    assert "--export: no class is written yet; run with --write" in ended.err


def test_a_kill_loses_only_the_classes_under_way(
    mine: "TinyHome", cli: Cli, llm_server: "LlmServer"
) -> None:
    labels = [f"action {number}" for number in range(10)]
    mine.describe(classes=labels, annotations=None, queries=None, profile="mine")
    code = "from zs_dagster.cli.program import program; program()"
    command = [sys.executable, "-c", code, "queries", "tiny", "--write"]
    killed = Event()

    def kill_at_the_end(label: str) -> None:
        if label == labels[0]:
            killed.wait(60)  # Never answered.
        elif label == labels[-1]:
            child.send_signal(signal.SIGKILL)
            killed.set()

    llm_server.before = kill_at_the_end
    with subprocess.Popen(command, env=os.environ, stderr=subprocess.DEVNULL) as child:
        assert child.wait(120) == -signal.SIGKILL
    llm_server.before = str
    llm_server.requests.clear()
    assert cli("queries", "tiny", "--write").status == 0
    # Four at once: the first, the last, and at most two more.
    assert {labels[0], labels[-1]} <= set(llm_server.asked)
    assert len(llm_server.asked) <= 4
