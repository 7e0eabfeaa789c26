"""What passes is tried again where nobody waits; what is damaged is made anew."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import numpy as np
import pytest

from assets import faults
from assets.automation.tags import RETRIES
from assets.faults import contained
from resources.home import HomeResource
from zs_dagster.errors import (
    DamagedEntryError,
    DatasetError,
    DiskFullError,
    ModelError,
    UnreachableError,
    passes,
)
from zs_dagster.provenance import PROCESS_TAG

WAITED_FOR = {PROCESS_TAG: "host/1/1"}
KEY = "ab" + "0" * 30


class OutOfMemoryError(RuntimeError):
    """Named as that of torch."""


class Failing:
    """A stage that fails as often as told, then goes well."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.calls = list(errors), 0

    def next(self) -> None:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)


def run(
    failing: Failing,
    root: Path,
    instance: dg.DagsterInstance,
    tags: Mapping[str, str],
    streams: bool = False,
) -> dg.ExecuteInProcessResult:
    def value(
        context: dg.AssetExecutionContext, home: HomeResource
    ) -> dg.MaterializeResult[None]:
        assert context.run.run_id
        assert home.get().root == root
        failing.next()
        return dg.MaterializeResult()

    def stream(
        context: dg.AssetExecutionContext, home: HomeResource
    ) -> Iterator[dg.MaterializeResult[None]]:
        yield value(context, home)

    asset = dg.asset(name="value")(contained(stream if streams else value))
    resources = {"home": HomeResource(root=str(root))}
    return dg.materialize(
        [asset], instance=instance, resources=resources, tags=dict(tags), raise_on_error=False
    )


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "FIRST_PAUSE_S", 0.0)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UnreachableError("nobody answers"), True),
        (DiskFullError("no space"), True),
        (MemoryError(), True),
        (OutOfMemoryError("CUDA out of memory"), True),
        (ModelError("no weights"), False),
        (DatasetError("a rule"), False),
        (KeyError("a bug"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_passes(error: Exception, expected: bool) -> None:
    assert passes(error) is expected


@pytest.mark.parametrize("streams", [False, True])
def test_a_failure_that_passes_is_tried_again(tmp_path: Path, streams: bool) -> None:
    failing = Failing(UnreachableError("nobody answers"), MemoryError())
    with dg.DagsterInstance.ephemeral() as instance:
        assert run(failing, tmp_path, instance, {}, streams).success
    assert failing.calls == 3


def test_after_three_more_tries_it_fails_with_the_reason(tmp_path: Path) -> None:
    failing = Failing(*(DiskFullError(f"no space {n}") for n in range(9)))
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(failing, tmp_path, instance, {})
    assert failing.calls == 1 + faults.MOST_TRIES_AGAIN
    (event,) = (e for e in result.all_events if e.is_step_failure)
    assert "no space 3" in event.step_failure_data.error_display_string


@pytest.mark.parametrize(
    ("error", "tags"),
    [(DatasetError("a rule"), {}), (UnreachableError("nobody answers"), WAITED_FOR)],
    ids=["permanent", "at the command line"],
)
def test_what_is_wrong_or_waited_for_fails_at_once(
    tmp_path: Path, error: Exception, tags: Mapping[str, str]
) -> None:
    failing = Failing(error)
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(failing, tmp_path, instance, tags)
        kept = instance.get_run_by_id(result.run_id)
    assert (result.success, failing.calls) == (False, 1)
    assert kept is not None
    assert not kept.tags.keys() & RETRIES.keys()


@pytest.mark.parametrize("tags", [{}, WAITED_FOR], ids=["nobody waits", "a person waits"])
def test_damaged_data_are_cleared_away_and_the_whole_run_is_to_be_repeated(
    tmp_path: Path, tags: Mapping[str, str]
) -> None:
    home = HomeResource(root=str(tmp_path)).get()
    for kind in ("seen", "unseen"):
        home.store.save_arrays(kind, KEY, {"a": np.ones(2)})
        path = home.store.path(kind, KEY, "safetensors")
        path.write_bytes(path.read_bytes()[:-1])
    failing = Failing(DamagedEntryError("seen is damaged"))
    with dg.DagsterInstance.ephemeral(settings=SETTINGS) as instance:
        result = run(failing, tmp_path, instance, tags)
        kept = instance.get_run_by_id(result.run_id)
    assert not home.store.has_arrays("seen", KEY)
    assert not home.store.has_arrays("unseen", KEY)
    assert (result.success, failing.calls) == (False, 1)
    assert kept is not None
    assert kept.tags["dagster/will_retry"] == ("false" if tags else "true")


# As in dagster.yaml.
SETTINGS = {"run_retries": {"enabled": True, "retry_on_asset_or_op_failure": False}}
