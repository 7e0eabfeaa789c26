"""`zs-dagster models`: what it prints and how it fails."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zs_dagster.models.profiles import SHIPPED, load_profile

if TYPE_CHECKING:
    from tests.conftest import TinyHome
    from tests.zs_dagster.cli.conftest import Ended
    from tests.zs_dagster.conftest import Hub

    Cli = Callable[..., Ended]

SHIPPED_NAMES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
OWN = (
    "description: mine\n"
    "clip: {model: package:demo/weights/clip}\n"
    "lvlm: {model: package:demo/weights/lvlm, dtype: float32}"
)


def test_list_shows_shipped_and_own_profiles_and_what_they_need(
    cli: "Cli", hub: "Hub", tiny: "TinyHome", write_profile: Callable[[Path, str, str], None]
) -> None:
    write_profile(tiny.root, "own", OWN)
    ended = cli("models", "list", "--json")
    assert ended.status == 0, ended.err
    rows = {row["name"]: row for row in json.loads(ended.out)}
    assert sorted(rows) == sorted([*SHIPPED_NAMES, "own"])
    assert rows["own"]["missing"] == rows["demo"]["missing"] == []
    assert rows["demo"]["fits_device"] is True
    assert rows["light"]["missing"] == [
        "timm/ViT-B-16-SigLIP2",
        "HuggingFaceTB/SmolVLM2-2.2B-Instruct",
    ]
    text = cli("models", "list").out
    assert "own           here      fits              mine" in text
    assert "GPU memory 8 GB; download 10.5 GB; clip Apache-2.0, lvlm Apache-2.0" in text
    assert "needs not stated" in text
    assert hub.asked == []


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_shipped_local_profiles_state_needs_and_licences(name: str) -> None:
    profile = load_profile(name)
    if "base_url" in (SHIPPED / f"{name}.yaml").read_text():
        pytest.skip("a server brings its own weights")
    assert profile.memory_gb
    assert profile.download_gb is not None
    assert set(profile.licences) == {"clip", "lvlm"}


@pytest.mark.usefixtures("tiny")
def test_check_tells_mode_tokens_mass_and_memory(cli: "Cli") -> None:
    found = json.loads(cli("models", "check", "demo", "--json").out)
    assert found["mode"] == "two-step"
    assert found["mode_reason"].startswith("two-step agrees with naive")
    assert found["yes_tokens"]
    assert set(found["yes_tokens"]).isdisjoint(found["no_tokens"])
    assert found["mass"] > 0.9
    assert found["memory_gb"] > 0
    assert len(found["p_yes"]) == 3
    assert all(0 <= p <= 1 for p in found["p_yes"])
    text = cli("models", "check", "demo").out
    assert "mode         two-step\n" in text


@pytest.mark.usefixtures("tiny")
def test_check_of_absent_weights_is_one_line(cli: "Cli", hub: "Hub") -> None:
    ended = cli("models", "check", "light")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("error: profile 'light' lacks timm/ViT-B-16-SigLIP2 and ")
    assert ended.err.endswith("get them with `zs-dagster models pull light`\n")
    assert ended.err.count("\n") == 1
    assert hub.asked == []


@pytest.mark.usefixtures("tiny")
def test_an_unknown_profile_lists_the_known_ones(cli: "Cli") -> None:
    for command in ("pull", "check"):
        ended = cli("models", command, "heavy")
        assert ended.status == 2
        assert ended.err.startswith("error: profile must be one of demo, light, ")


def test_pull_prints_folder_and_size(
    cli: "Cli", hub: "Hub", tiny: "TinyHome", write_profile: Callable[[Path, str, str], None]
) -> None:
    hub.add_folder("someone/tiny", Path(load_profile("demo").lvlm.model))
    text = OWN.replace("package:demo/weights/lvlm", "someone/tiny")
    write_profile(tiny.root, "own", text)
    ended = cli("models", "pull", "own")
    assert ended.status == 0, ended.err
    assert ended.out.startswith(f"someone/tiny  0.002 GB  {hub.cache}")
    (row,) = json.loads(cli("models", "pull", "own", "--json").out)
    assert row["repository"] == "someone/tiny"
    assert Path(row["folder"]).is_dir()
    assert cli("models", "pull", "demo").out == "profile 'demo' needs no download\n"


@pytest.mark.usefixtures("tiny")
def test_pull_without_a_hub_is_one_line(
    cli: "Cli", hub: "Hub", monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = "http://127.0.0.1:9"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", closed)
    ended = cli("models", "pull", "light")
    assert (ended.status, ended.out) == (1, "")
    assert "error: cannot download 'timm/ViT-B-16-SigLIP2': " in ended.err
    assert "run it where the model hub can be reached" in ended.err
    assert "Traceback" not in ended.err
    assert hub.asked == []
