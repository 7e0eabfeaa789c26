"""`zs-dagster status`: per stage what is fresh, stale or missing."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from zs_dagster.definitions import STAGES

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]


def test_a_dataset_that_was_never_run_is_missing(cli: "Cli", tiny: "TinyHome") -> None:
    assert tiny.videos.is_dir()
    ended = cli("status", "tiny", "--json")
    assert ended.status == 0, ended.err
    stages = json.loads(ended.out)
    assert set(stages) == set(STAGES["localization"])
    missing = {"state": "missing", "why": "never materialised"}
    assert all(stage == missing for stage in stages.values())
    assert json.loads(cli("status", "--json").out) == {}


def test_an_unknown_dataset_is_refused(cli: "Cli", tiny: "TinyHome") -> None:
    assert tiny.videos.is_dir()
    ended = cli("status", "none")
    assert ended.status == 2
    assert "dataset must be one of" in ended.err
