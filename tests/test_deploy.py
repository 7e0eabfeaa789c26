"""Deployment files: what is published, what they ask for, and that the settings are ours."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


def read(path: Path) -> Any:  # noqa: ANN401 - whatever the file says
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_port_is_published_on_loopback_only() -> None:
    services = read(DEPLOY / "compose.yaml")["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:3000:3000", "${VIEWER_ADDRESS:-127.0.0.1}:8443:8443"]
    assert "ports" not in services["viewer"]
    assert "--read-only" in services["viewer"]["command"]


def test_no_secret_has_a_value() -> None:
    said = [DEPLOY / "compose.yaml", DEPLOY / "dagster.yaml", DEPLOY / ".env.example"]
    lines = [line for path in said for line in path.read_text("utf-8").splitlines()]
    named = [line for line in lines if any(w in line for w in ("PASSWORD", "TOKEN", "KEY"))]
    assert len(named) > 5
    assert [
        line for line in named if line.strip().endswith("=") or "$" in line or "env:" in line
    ]
    given = [line.partition("=")[2] for line in named if "=" in line and "$" not in line]
    assert set(given) == {""}


def test_a_deployment_has_our_settings_and_its_own_storage() -> None:
    ours, deployed = read(ROOT / "dagster.yaml"), read(DEPLOY / "dagster.yaml")
    storage = deployed.pop("storage")["postgres"]["postgres_db"]
    assert deployed == ours
    assert storage["password"] == {"env": "DAGSTER_PG_PASSWORD"}


def test_a_lock_without_torch_is_the_lock_less_torch() -> None:
    lock = (DEPLOY / "requirements.lock").read_text("utf-8")
    script = DEPLOY / "without_torch.awk"
    done = subprocess.run(
        ["awk", "-f", script], input=lock, capture_output=True, text=True, check=True
    )
    before, after = names(lock), names(done.stdout)
    gone = before - after
    assert {"torch", "torchvision", "triton"} <= gone
    assert all(n.startswith(("torch", "triton", "nvidia-", "cuda-")) for n in gone)
    assert after < before


def test_the_image_has_the_versions_that_are_tested() -> None:
    tested = names((ROOT / "requirements.lock").read_text("utf-8"), versions=True)
    deployed = names((DEPLOY / "requirements.lock").read_text("utf-8"), versions=True)
    assert {p.partition("==")[0] for p in deployed - tested} == {
        "dagster-postgres",
        "psycopg2-binary",
    }


def names(lock: str, *, versions: bool = False) -> set[str]:
    pins = [line.split()[0] for line in lock.splitlines() if "==" in line and line[0].isalpha()]
    return {pin if versions else pin.partition("==")[0] for pin in pins}
