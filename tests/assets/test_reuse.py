"""Stages that compute from tables: kept where nothing they are made of changed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import assets.reuse
from zs_dagster.evaluation.error_types import error_types as kinds_of
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.assets.conftest import Finished, Run
    from tests.conftest import TinyHome

STAGES = ("segments", "ablations", "loss_waterfall", "error_types", "protocol_metrics")
TABLES = (*STAGES, "methods", "method_comparisons")
RunLocalize = Callable[..., "Run"]


@pytest.fixture
def moved(again: "TinyHome") -> Iterator["TinyHome"]:
    """A finished home in another folder: places are nothing that results are made of."""
    forget = assets.reuse.code_version.cache_clear
    yield again
    forget()


def computed(run: "Run") -> set[str]:
    for stage in run.metadata:
        if stage in STAGES:
            assert 0 in (run.computed(stage), run.reused(stage))
    return {stage for stage in STAGES if stage in run.metadata and run.computed(stage)}


def test_nothing_is_computed_again(
    moved: "TinyHome", finished: "Finished", run_localize: RunLocalize
) -> None:
    again = run_localize(moved, only=STAGES)
    assert computed(again) == set()
    for stage in STAGES:
        first = finished.run.metadata[stage]
        units = first["computed"] + first["reused"]
        assert again.metadata[stage] == {**first, "computed": 0, "reused": units}
        assert units
        assert again.version[stage] == finished.run.version[stage]
    for table in TABLES:
        path = finished.home.tables.path(table, "tiny")
        assert Home(moved.root).tables.path(table, "tiny").read_bytes() == path.read_bytes()


def test_other_ground_truth_is_evaluated_anew(
    moved: "TinyHome", run_localize: RunLocalize
) -> None:
    moved.annotate({"first": [("purple ball rises", 0.0, 1.0)]})
    changed = run_localize(moved, only=["annotations", *STAGES])
    assert computed(changed) == {*STAGES} - {"segments"}


def test_options_of_the_run_are_part_of_it(
    moved: "TinyHome", finished: "Finished", run_localize: RunLocalize
) -> None:
    tried = {"segments": {"parameters": {"confidence_weight": 0.9}}}
    assert computed(run_localize(moved, tried, only=["segments"])) == {"segments"}
    path = Home(moved.root).tables.path("segments", "tiny")
    other = finished.home.tables.path("segments", "tiny").read_bytes()
    assert path.read_bytes() != other
    assert computed(run_localize(moved, only=["segments"])) == {"segments"}
    assert path.read_bytes() == other


def test_the_order_of_methods_is_part_of_it(
    moved: "TinyHome", run_localize: RunLocalize
) -> None:
    options = yaml.safe_load(moved.dataset_file.read_text())["localization"]
    turned = dict(reversed(options["methods"].items()))
    moved.describe(localization={**options, "methods": turned})
    assert computed(run_localize(moved, only=["segments"])) == {"segments"}
    after = Home(moved.root).tables.rows("methods", "tiny")
    assert [row["method"] for row in after] == list(turned)


def test_what_was_read_while_another_run_wrote_is_not_remembered(
    moved: "TinyHome", run_localize: RunLocalize, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved.annotate({"first": [("purple ball rises", 0.0, 1.0)]})
    run_localize(moved, only=["annotations"])
    real = kinds_of

    def meanwhile(*given: Any) -> Any:  # noqa: ANN401 - whatever it takes
        Home(moved.root).tables.write("annotations", "tiny", [])
        return real(*given)

    monkeypatch.setattr("assets.error_types.kinds_of", meanwhile)
    assert computed(run_localize(moved, only=["error_types"])) == {"error_types"}
    monkeypatch.undo()
    moved.annotate({"first": [("purple ball rises", 0.0, 1.0)]})
    run_localize(moved, only=["annotations"])
    assert computed(run_localize(moved, only=["error_types"])) == {"error_types"}


@pytest.mark.parametrize("table", ["protocol_metrics", "method_comparisons"])
def test_a_damaged_table_that_names_its_run_is_made_anew(
    moved: "TinyHome", finished: "Finished", run_localize: RunLocalize, table: str
) -> None:
    tables = Home(moved.root).tables
    whole = tables.path(table, "tiny").read_bytes()
    tables.path(table, "tiny").write_bytes(whole[:-20])
    assert computed(run_localize(moved, only=["protocol_metrics"])) == {"protocol_metrics"}
    expected = [{**row, "run_id": ""} for row in finished.home.tables.rows(table, "tiny")]
    assert [{**row, "run_id": ""} for row in tables.rows(table, "tiny")] == expected


@pytest.mark.parametrize("harm", ["gone", "another", "forgotten"])
def test_a_result_that_is_not_what_was_written_is_made_anew(
    moved: "TinyHome", finished: "Finished", run_localize: RunLocalize, harm: str
) -> None:
    home = Home(moved.root)
    path = home.tables.path("methods", "tiny")
    if harm == "gone":
        path.unlink()
    elif harm == "another":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        for entry in (home.store.root / assets.reuse.KIND).rglob("*.json"):
            entry.write_text("{}")
    assert computed(run_localize(moved, only=["segments"])) == {"segments"}
    assert home.tables.rows("methods", "tiny") == finished.home.tables.rows("methods", "tiny")


def test_other_code_computes_anew(
    moved: "TinyHome", run_localize: RunLocalize, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets.reuse, "code_version", lambda: "of tomorrow")
    assert computed(run_localize(moved, only=["error_types"])) == {"error_types"}


def test_the_code_of_every_folder_counts(
    moved: "TinyHome",  # noqa: ARG001 - forgets what is found here
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for folder in assets.reuse.CODE:
        (tmp_path / folder / "deeper").mkdir(parents=True)
    monkeypatch.setattr(assets.reuse, "ROOT", tmp_path)
    found = []
    for name in ("assets/one.py", "zs_dagster/deeper/table.yaml", "zs_dagster/notes.txt"):
        (tmp_path / name).write_text("1")
        assets.reuse.code_version.cache_clear()
        found.append(assets.reuse.code_version())
    assert found[0] != found[1]
    assert found[1] == found[2]
