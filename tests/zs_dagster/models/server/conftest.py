"""Frames that the shipped model understands, and its answers without a server."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.servers.demo_brain import WEIGHTS
from tests.servers.openai_server import OpenAiServer
from zs_dagster.demo.drawing import render
from zs_dagster.demo.world import COLOURS, Thing
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.profiles import LvlmServer
from zs_dagster.models.server import connection
from zs_dagster.models.server.scorer import ServerScorer

N_FRAMES = 6
QUESTIONS = tuple(
    f"Is the red star {place}? Only answer yes or no."
    for place in ("at the top", "at the bottom", "on the left", "large")
)

Scorer = Callable[..., ServerScorer]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "FIRST_PAUSE_S", 0.0)


@pytest.fixture(scope="session")
def frames() -> NDArray[np.uint8]:
    """A red star on its way from the top left to the bottom right, ``(6, 64, 64, 3)``."""
    grey, still = np.full((64, 64, 3), 60, np.float32), np.zeros((64, 64, 1), np.float32)
    red = tuple(map(float, COLOURS["red"]))
    places = np.linspace(0.15, 0.85, N_FRAMES)
    things = [Thing("red", "star", x, x, 0.15, (red[0], red[1], red[2])) for x in places]
    return np.stack([render(grey, [thing], still) for thing in things])


@pytest.fixture(scope="session")
def questions() -> tuple[str, ...]:
    """Four questions about it."""
    return QUESTIONS


@pytest.fixture(scope="session")
def local(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the model answers in this process, the plain way."""
    return load_scorer(WEIGHTS, mode="naive").score(frames, QUESTIONS)


@pytest.fixture
def scorer(lvlm_server: OpenAiServer) -> Scorer:
    """Make a scorer of the server, with other settings where wanted."""

    def make(**settings: Any) -> ServerScorer:  # noqa: ANN401 - whatever a profile may say
        return ServerScorer(LvlmServer(**{"base_url": lvlm_server.url, **settings}))

    return make
