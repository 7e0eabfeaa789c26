"""What can be told of the cost of a profile without its weights."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zs_dagster.errors import ModelError
from zs_dagster.models.estimate import ScoringCost, fingerprint_here, offline
from zs_dagster.models.loading import Models
from zs_dagster.models.lvlm.source import find_source

if TYPE_CHECKING:
    from tests.conftest import TinyHome

QUESTIONS = ["Is it day?", "Is it night?"]
CLIP = "clip: {model: package:demo/weights/clip}\n"


def test_the_demo_costs_more_for_larger_frames_and_more_questions() -> None:
    cost = ScoringCost("demo")
    shared, naive = cost.of((96, 96), QUESTIONS) or (0, 0)
    assert 0 < shared < naive < 2 * shared
    one, alone = cost.of((96, 96), QUESTIONS[:1]) or (0, 0)
    assert one < shared
    assert one == pytest.approx(alone, rel=0.01)
    assert cost.reason == ""
    assert fingerprint_here("demo") == Models().lvlm_fingerprint("demo")


@pytest.mark.parametrize(
    ("lvlm", "reason"),
    [
        ("{model: package:demo/weights/lvlm, image: video}", "image: video are not counted"),
        ("{base_url: 'http://127.0.0.1:9/v1'}", "a server does not say"),
        ("{model: nobody/nothing}", "cannot load model 'nobody/nothing'"),
    ],
)
def test_what_cannot_be_told_has_a_reason(
    tiny: "TinyHome", write_profile: Callable[[Path, str, str], None], lvlm: str, reason: str
) -> None:
    write_profile(tiny.root, "own", f"{CLIP}lvlm: {lvlm}")
    cost = ScoringCost("own")
    assert cost.of((96, 96), QUESTIONS) is None
    assert reason in cost.reason


def test_the_hub_is_reachable_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    seen: list[bool] = []
    with offline():
        seen.append(constants.HF_HUB_OFFLINE)
    seen.append(constants.HF_HUB_OFFLINE)
    with pytest.raises(ModelError, match="cannot load model"), offline():
        find_source("nobody/nothing")
    seen.append(constants.HF_HUB_OFFLINE)
    assert seen == [True, False, False]
