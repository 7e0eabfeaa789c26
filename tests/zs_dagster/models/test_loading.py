"""A profile that names a server gets the server; what needs no server does not ask it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml

from zs_dagster.errors import ModelError
from zs_dagster.models.loading import Models, declared_lvlm
from zs_dagster.models.profiles import load_profile

if TYPE_CHECKING:
    from tests.servers.openai_server import OpenAiServer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZS_HOME", str(tmp_path))
    (tmp_path / "profiles").mkdir()
    return tmp_path


def write(home: Path, **lvlm: object) -> None:
    values = {"clip": {"model": "ViT-B-16-SigLIP2", "pretrained": "webli"}, "lvlm": lvlm}
    (home / "profiles" / "mine.yaml").write_text(yaml.safe_dump(values))


def test_a_profile_with_a_url_asks_the_server(home: Path, lvlm_server: "OpenAiServer") -> None:
    write(home, base_url=lvlm_server.url)
    models = Models("cpu")
    fingerprint = models.lvlm_fingerprint("mine")
    scores = models.scorer("mine").score(np.zeros((1, 64, 64, 3), np.uint8), ["Is it day?"])
    assert scores.shape == (1, 1)
    assert lvlm_server.paths["/v1/models"] == 1
    assert models.lvlm_fingerprint("mine") == fingerprint != declared_lvlm("mine")


def test_a_server_that_is_not_there_is_not_taken_for_missing_weights(home: Path) -> None:
    write(home, base_url="http://127.0.0.1:1/v1", max_retries=0)
    with pytest.raises(ModelError, match=r"the server at http://127\.0\.0\.1:1/v1 must answer"):
        Models("cpu").lvlm_fingerprint("mine")


def test_what_a_profile_declares_needs_no_server(home: Path) -> None:
    def declared(**changes: object) -> str:
        write(home, **{"base_url": "http://nowhere.invalid/v1", "model": "m", **changes})
        return declared_lvlm("mine")

    speed = {"base_url": "http://elsewhere.invalid/v1", "concurrency": 2, "timeout_s": 3}
    assert declared() == declared(**speed)
    others = [{"model": "n"}, {"tokens": "paper"}, {"image_format": "jpeg"}]
    assert len({declared(), *(declared(**change) for change in others)}) == 4
    # Without a name, the place is what says which model it may be.
    assert declared(model="auto") != declared(model="auto", base_url="http://b.invalid/v1")


def test_the_shipped_profile_asks_a_server_on_this_machine() -> None:
    assert str(load_profile("server").lvlm.model) == "auto"
    assert declared_lvlm("server") != declared_lvlm("light")
