"""Every number says which parameters made it."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from zs_dagster.errors import StoreError
from zs_dagster.home import Home
from zs_dagster.localization.clip_only import ClipOnlyParameters
from zs_dagster.localization.parameters import ZealParameters

if TYPE_CHECKING:
    from tests.assets.conftest import Finished, Run
    from tests.conftest import TinyHome

    RunLocalize = Callable[..., Run]

METHODS = {"zeal", "zeal-known-classes", "clip-only", "random"}


def methods(home: Home) -> dict[str, dict[str, Any]]:
    rows = home.tables.rows("methods", "tiny")
    return {row["method"]: json.loads(row["parameters"]) for row in rows}


def test_methods_are_described_with_their_defaults(finished: "Finished") -> None:
    found = methods(finished.home)
    zeal, clip = asdict(ZealParameters()), json.loads(json.dumps(asdict(ClipOnlyParameters())))
    of = {name: found[name].pop("parameters") for name in found}
    assert of == dict.fromkeys(METHODS, zeal) | {"clip-only": clip}
    same = {"preset": "default", "seed": 0}
    assert found == {
        "zeal": {"localizer": "zeal", "candidates": "filtered", **same},
        "zeal-known-classes": {"localizer": "zeal", "candidates": "known", **same},
        "clip-only": {"localizer": "clip-only", "candidates": "filtered", **same},
        "random": {"localizer": "random", "candidates": "any", **same},
    }


def test_what_a_run_tries_is_in_its_methods_and_metrics(
    again: "TinyHome", finished: "Finished", run_localize: "RunLocalize"
) -> None:
    fixed = {
        "zeal": {},
        "mine": {"parameters": {"confidence_weight": 0.2}},
        "clip-only": {"localizer": "clip-only"},
    }
    again.describe(localization={"fps": 1, "top_k": 2, "methods": fixed})
    option = {"parameters": {"confidence_weight": 0.9, "min_gap_samples": 2}}
    run_localize(again, {"segments": option})
    home = Home(again.root)
    found = {name: said["parameters"] for name, said in methods(home).items()}
    tried = asdict(ZealParameters(confidence_weight=0.9, min_gap_samples=2))
    assert found["zeal"] == tried
    assert found["mine"] == tried | {"confidence_weight": 0.2}
    assert found["clip-only"] == methods(finished.home)["clip-only"]["parameters"]
    rows = home.tables.rows("localization_metrics", "tiny")
    counted = {r["method"]: json.loads(r["parameters"]).get("parameters") for r in rows}
    assert counted == found | {"class-filter": None}


@pytest.mark.parametrize("table", ["localization_metrics", "metrics_history"])
def test_metrics_carry_the_parameters_of_their_method(finished: "Finished", table: str) -> None:
    home = finished.home
    of = {row["method"]: row["parameters"] for row in home.tables.rows("methods", "tiny")}
    of["class-filter"] = "{}"
    (part,) = home.tables.parts(table, "tiny")
    rows = home.tables.rows(table, "tiny", part)
    assert {row["method"]: row["parameters"] for row in rows} == of
    assert all(row["parameters"] == of[row["method"]] for row in rows)


@pytest.mark.parametrize("names", [["zeal"], ["zeal", "renamed"]], ids="-".join)
def test_segments_of_other_methods_are_not_evaluated(
    again: "TinyHome", run_localize: "RunLocalize", names: list[str]
) -> None:
    described: dict[str, Any] = {name: {} for name in names}
    again.describe(localization={"fps": 1, "top_k": 2, "methods": described})
    rule = "methods of 'tiny' changed since its segments were found; materialise `segments` f"
    with pytest.raises(StoreError, match=rule):
        run_localize(again, only=["localization_metrics"])
    run_localize(again, only=["segments", "localization_metrics"])
    rows = Home(again.root).tables.rows("localization_metrics", "tiny")
    assert {row["method"] for row in rows} == {*names, "class-filter"}
