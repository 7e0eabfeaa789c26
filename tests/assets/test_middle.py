"""The middle question in the graph: asked where a dataset wants it, read by who needs it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.assets.conftest import Run
    from tests.conftest import TinyHome

    RunLocalize = Callable[..., Run]

RISES, FALLS = "purple ball rises", "purple ball falls"
METHODS: dict[str, Any] = {"zeal": {}, "stages": {"localizer": "stages"}}


def answers(home: Home) -> list[dict[str, Any]]:
    parts = home.tables.parts("frame_confidence", "tiny")
    return [r for p in parts for r in home.tables.rows("frame_confidence", "tiny", p)]


def test_only_what_is_new_is_asked_and_what_nobody_wants_is_empty(
    again: "TinyHome", run_localize: "RunLocalize"
) -> None:
    home = Home(again.root)
    assert {row["p_middle"] for row in answers(home)} == {None}
    again.ask(RISES, middle_question="Is there a purple ball?")
    options = {"fps": 1, "top_k": 2, "score_known_classes": True, "methods": METHODS}
    again.describe(localization={**options, "score_middle": True})
    asked = run_localize(again)
    # One class has a middle question; each video that asks about it asks one more.
    rows = answers(home)
    videos = {row["video_id"] for row in rows if row["label"] == RISES}
    assert asked.computed("frame_confidence") == len(videos) > 0
    assert all((row["p_middle"] is None) is (row["label"] != RISES) for row in rows)
    assert all(0 <= row["p_middle"] <= 1 for row in rows if row["label"] == RISES)
    queries = home.tables.rows("class_queries", "tiny")
    assert {r["label"]: r["middle_question"] for r in queries}[FALLS] is None
    methods = {row["method"] for row in home.tables.rows("segments", "tiny")}
    assert methods <= set(METHODS)

    again.describe(localization={**options, "methods": {"zeal": {}}})
    assert run_localize(again).computed("frame_confidence") == 0
    assert {row["p_middle"] for row in answers(home)} == {None}
