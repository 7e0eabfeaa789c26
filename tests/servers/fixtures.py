"""Servers for tests of any folder; listed as plugin in the outermost conftest."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.openai_server import OpenAiServer


@pytest.fixture
def lvlm_server() -> Iterator["OpenAiServer"]:
    """The shipped LVLM behind a server that gives log-probabilities by token id, as vLLM."""
    from tests.servers.demo_brain import DemoBrain
    from tests.servers.openai_server import OpenAiServer

    with OpenAiServer(DemoBrain()).running() as server:
        yield server
