"""The whole graph with the LVLM behind a server: the same answers, faults or none."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml

from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.assets.conftest import Finished, Run
    from tests.conftest import TinyHome
    from tests.servers.openai_server import OpenAiServer

FAULTS = ("limited", None, "error", "dropped", None, "garbage") * 2


def serve(tiny: "TinyHome", server: "OpenAiServer") -> None:
    """Make the server the LVLM of the dataset."""
    said = {
        "description": "The shipped LVLM, asked over HTTP.",
        "clip": {"model": "package:demo/weights/clip"},
        "lvlm": {"base_url": server.url, "concurrency": 8},
    }
    path = Home(tiny.root).profiles / "served.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(said))
    tiny.describe(profile="served")


def scores(home: Home) -> dict[tuple[str, str, float], tuple[float, float]]:
    return {
        (row["video_id"], row["label"], row["time_s"]): (row["p_start"], row["p_end"])
        for part in home.tables.parts("frame_confidence", "tiny")
        for row in home.tables.rows("frame_confidence", "tiny", part)
    }


@pytest.mark.parametrize("goes_wrong", [False, True])
def test_a_server_gives_the_scores_and_segments_of_the_local_model(
    tiny: "TinyHome",
    finished: "Finished",
    run_localize: "Callable[..., Run]",
    lvlm_server: "OpenAiServer",
    monkeypatch: pytest.MonkeyPatch,
    goes_wrong: bool,
) -> None:
    from tests.servers.openai_server import Fault
    from zs_dagster.models.server import connection

    monkeypatch.setattr(connection, "FIRST_PAUSE_S", 0.0)
    kinds = {
        "limited": Fault("status", 429, retry_after="0"),
        "error": Fault("status", 500),
        "dropped": Fault("drop"),
        "garbage": Fault("garbage"),
    }
    if goes_wrong:
        # The first one is the probe for what the server can do.
        lvlm_server.faults.extend([None, *(kinds[f] if f else None for f in FAULTS)])
    serve(tiny, lvlm_server)
    run = run_localize(tiny)
    ours, expected = scores(Home(tiny.root)), scores(finished.home)
    assert ours.keys() == expected.keys()
    found = np.array([ours[key] for key in expected])
    np.testing.assert_allclose(found, np.array(list(expected.values())), atol=1e-5)
    segments = [
        [(r["method"], r["video_id"], r["label"]) for r in home.tables.rows("segments", "tiny")]
        for home in (Home(tiny.root), finished.home)
    ]
    assert segments[0] == segments[1]
    # No frame twice, none lost: one good answer each, and the probe.
    assert lvlm_server.answered.total() == 1 + 2 * len(expected)
    assert max(lvlm_server.answered.values()) == 1
    assert run.computed("frame_confidence") == finished.run.computed("frame_confidence")


def test_a_second_run_asks_the_server_nothing(
    tiny: "TinyHome", run_localize: "Callable[..., Run]", lvlm_server: "OpenAiServer"
) -> None:
    serve(tiny, lvlm_server)
    run_localize(tiny)
    answered = lvlm_server.answered.total()
    assert run_localize(tiny).computed("frame_confidence") == 0
    assert lvlm_server.answered.total() == answered


def test_a_server_that_is_gone_ends_the_run_with_one_line(
    tiny: "TinyHome",
    run_localize: "Callable[..., Run]",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zs_dagster.errors import ModelError
    from zs_dagster.models.server import connection

    monkeypatch.setattr(connection, "FIRST_PAUSE_S", 0.0)

    class Gone:
        url = "http://127.0.0.1:9/v1"

    serve(tiny, Gone())  # type: ignore[arg-type] # only its address is used
    with pytest.raises(ModelError, match=r"http://127\.0\.0\.1:9/v1") as raised:
        run_localize(tiny)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.rglob("frame_confidence"))
