"""Questions written by an LLM in the graph: for the dataset that says so, through the cache."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.llm_server import MODEL, texts
from zs_dagster.errors import DatasetError
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.llm_server import LlmServer

OTHERS = ["GolfSwing", "open fridge"]
CLASSES = ["purple ball rises", *OTHERS]


def sources(tiny: "TinyHome") -> dict[str, str]:
    found = Home(tiny.root).tables.rows("class_queries", "tiny")
    return {row["label"]: row["source"] for row in found}


def describe(tiny: "TinyHome", **changes: object) -> None:
    bank = yaml.safe_load(tiny.bank_file.read_text())
    tiny.bank_file.write_text(yaml.safe_dump({CLASSES[0]: bank[CLASSES[0]]}))
    tiny.describe(classes=CLASSES, annotations=None, profile="mine", **changes)


def test_the_llm_writes_what_the_bank_lacks_once(
    tiny: "TinyHome", llm_server: "LlmServer", run_localize: Callable[..., Any]
) -> None:
    llm_server.profile(tiny.root)
    describe(tiny)
    run_localize(tiny, only=["class_queries"])
    assert sources(tiny)["GolfSwing"] == "shipped:thumos14"
    assert llm_server.requests == []

    describe(tiny, question_writer="llm")
    run = run_localize(tiny, only=["class_queries"])
    assert sources(tiny) == {
        CLASSES[0]: "bank:tiny-bank.yaml",
        **dict.fromkeys(OTHERS, f"llm:{MODEL} (moments-1)"),
    }
    assert (run.computed("class_queries"), sorted(llm_server.asked)) == (2, OTHERS)
    again = run_localize(tiny, only=["class_queries"])
    assert (again.computed("class_queries"), len(llm_server.requests)) == (0, 2)


def test_an_import_wins_over_the_llm(
    tiny: "TinyHome", llm_server: "LlmServer", run_localize: Callable[..., Any]
) -> None:
    llm_server.profile(tiny.root)
    describe(tiny, question_writer="llm")
    told = {k: v for k, v in texts("open fridge").items() if k != "class"}
    folder = Home(tiny.root).queries
    folder.mkdir()
    (folder / "tiny.yaml").write_text(yaml.safe_dump({"open fridge": told, "other": told}))
    run_localize(tiny, only=["class_queries"])
    assert sources(tiny)["open fridge"] == "imported"
    assert llm_server.asked == ["GolfSwing"]


def test_a_profile_without_an_llm_is_told_before_any_video_is_read(
    tiny: "TinyHome", run_localize: Callable[..., Any]
) -> None:
    tiny.describe(question_writer="llm")
    rule = "profile 'demo' names no language model; add"
    with pytest.raises(DatasetError, match=rule):
        run_localize(tiny, only=["class_queries"])
