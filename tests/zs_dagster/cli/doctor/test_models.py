"""Weights and keys: named where they are missing, and no key is ever shown."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from zs_dagster.cli.doctor.models import keys, weights
from zs_dagster.errors import ZsDagsterError
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.conftest import TinyHome

SECRET = "sk-nobody-may-see-this"  # noqa: S105 - of nobody


def test_a_key_is_needed_where_a_dataset_asks_a_server(
    tiny: "TinyHome", monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tiny.root)
    assert keys(home, False) == "none is needed"
    served = {"base_url": "http://localhost:1/v1", "api_key_env": "LVLM_KEY"}
    profile(home, {"lvlm": served, "llm": {"model": "writer"}})
    tiny.describe(profile="served", question_writer="llm")
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.delenv("LVLM_KEY", raising=False)
    with pytest.raises(
        ZsDagsterError, match=r"^LVLM_KEY must hold the key of a server"
    ) as said:
        keys(home, False)
    assert SECRET not in str(said.value)
    monkeypatch.setenv("LVLM_KEY", SECRET)
    assert keys(home, False) == "set: LVLM_KEY, OPENAI_API_KEY"


def test_weights_of_the_profiles_in_use_must_be_here(
    tiny: "TinyHome", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = Home(tiny.root)
    assert weights(home, False).startswith("demo (demo: ")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    profile(home, {"lvlm": {"model": "nobody/nothing"}})
    tiny.describe(profile="served")
    rule = "weights of profile 'served' must be here, found no nobody/nothing; get them with "
    with pytest.raises(ZsDagsterError, match=f"{rule}`zs-dagster models pull served`"):
        weights(home, False)


def profile(home: Home, values: dict[str, object]) -> None:
    home.profiles.mkdir(exist_ok=True)
    clip = {"clip": {"model": "package:demo/weights/clip"}}
    (home.profiles / "served.yaml").write_text(yaml.safe_dump({**clip, **values}))
