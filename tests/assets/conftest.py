"""Runs of the whole graph on the dataset `tiny`, in this process."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

import assets.partitions  # noqa: F401 - now, while `$ZS_HOME` names the home of the session
from assets.cached_scores import CachedScores, read_scores
from zs_dagster.datasets.catalogue import find_dataset, load_catalogue
from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.conftest import TinyHome

QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
Options = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Run:
    """What a run said about each asset."""

    metadata: dict[str, dict[str, Any]]
    version: dict[str, str]

    def computed(self, asset: str) -> int:
        return int(self.metadata[asset]["computed"])

    def reused(self, asset: str) -> int:
        return int(self.metadata[asset]["reused"])


def localize(home: "TinyHome", options: Options | None = None, only: Sequence[str] = ()) -> Run:
    """Run the job `localize` on `tiny`, or some of its assets; raises what a stage raised."""
    return run_job("localize", home, options, only)


def run_job(
    job: str,
    home: "TinyHome",
    options: Options | None = None,
    only: Sequence[str] = (),
    dataset: str = "tiny",
) -> Run:
    """Run a job on a dataset, or some of its assets; raises what a stage raised."""
    from zs_dagster.cli.runs import process_tag
    from zs_dagster.definitions import defs

    os.environ["ZS_HOME"] = str(home.root)
    with dg.DagsterInstance.ephemeral() as instance:
        ops = {name: {"config": dict(values)} for name, values in (options or {}).items()}
        result = defs.resolve_job_def(job).execute_in_process(
            partition_key=dataset,
            instance=instance,
            run_config={"loggers": QUIET, "ops": ops},
            asset_selection=[dg.AssetKey(name) for name in only] or None,
            # Somebody waits: what passes is not waited for.
            tags=process_tag(),
        )
    metadata, version = {}, {}
    for event in result.all_events:
        if event.event_type_value == "ASSET_MATERIALIZATION":
            made = event.step_materialization_data.materialization
            name = made.asset_key.path[-1]
            metadata[name] = {key: value.value for key, value in made.metadata.items()}
            version[name] = (made.tags or {})["dagster/data_version"]
    return Run(metadata, version)


@dataclass(frozen=True)
class Finished:
    """A home after one undisturbed run."""

    files: "TinyHome"
    home: Home
    run: Run


@pytest.fixture(scope="session")
def finished(pristine: "TinyHome", tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One undisturbed run for all tests; tests read it or copy it, and never write to it."""
    files = pristine.copy(tmp_path_factory.mktemp("finished") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZS_HOME", str(files.root))
        return Finished(files, Home(files.root), localize(files))


@pytest.fixture(scope="module")
def scores(finished: Finished) -> CachedScores:
    """What that run scored, as `sweep` and ablations read it."""
    catalogue = load_catalogue(finished.home.datasets)
    return read_scores(finished.home, find_dataset(catalogue, "tiny"))


@pytest.fixture
def again(finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "TinyHome":
    """A copy of the finished home, to change something and run again."""
    monkeypatch.setenv("ZS_HOME", str(tmp_path / "home"))
    return finished.files.copy(tmp_path / "home")


@pytest.fixture(scope="session")
def run_localize() -> Callable[..., Run]:
    """Run the job `localize` on the dataset `tiny` of a home."""
    return localize


@pytest.fixture(scope="session")
def run_classify() -> Callable[..., Run]:
    """Run the job `classify` on the dataset `tiny` of a home."""
    return partial(run_job, "classify")


@pytest.fixture(scope="session")
def run_train() -> Callable[..., Run]:
    """Run the job `train` on the dataset `tiny-captions` of a home."""
    return partial(run_job, "train", dataset="tiny-captions")


@pytest.fixture(autouse=True)
def _keep_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZS_HOME", os.environ["ZS_HOME"])
