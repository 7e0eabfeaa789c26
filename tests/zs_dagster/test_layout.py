"""What must hold for the tree as a whole."""

import subprocess
import sys
from pathlib import Path

import pytest

import assets
import resources

ROOT = Path(__file__).parents[2]
MODULES = [
    p for top in ("zs_dagster", "assets", "resources") for p in (ROOT / top).rglob("*.py")
]
TESTS = list((ROOT / "tests").rglob("*.py"))
HEAVY = ("numpy", "torch", "dagster", "duckdb", "pyarrow", "av", "transformers", "open_clip")


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


def test_importing_the_package_is_free() -> None:
    assert modules_after("import zs_dagster").isdisjoint(HEAVY)


def test_the_command_line_starts_without_models_and_dagster() -> None:
    loaded = modules_after("import zs_dagster.cli.main")
    assert loaded.isdisjoint({"torch", "dagster", "transformers", "open_clip", "duckdb"})


def test_the_definitions_load_without_models() -> None:
    loaded = modules_after("import zs_dagster.definitions")
    assert "dagster" in loaded
    assert loaded.isdisjoint({"torch", "transformers", "open_clip"})


@pytest.mark.parametrize("package", [assets, resources], ids=["assets", "resources"])
def test_packages_with_common_names_are_ours(package: object) -> None:
    file = getattr(package, "__file__", None)
    assert file is not None
    assert Path(file).is_relative_to(ROOT)


def test_no_file_is_longer_than_300_lines() -> None:
    long = [p for p in [*MODULES, *TESTS] if len(p.read_text("utf-8").splitlines()) > 300]
    assert long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert len(MODULES) > 50
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
    assert [p for p in MODULES if empty & {p.stem, *p.relative_to(ROOT).parent.parts}] == []


def test_tests_are_no_packages() -> None:
    assert [path for path in TESTS if path.name == "__init__.py"] == []
