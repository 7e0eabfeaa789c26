"""Work done in this process and on workers of a real Ray cluster."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from resources.compute import ComputeResource
from resources.ray_workers import Worker, outcomes_of
from tests.resources import works
from zs_dagster.errors import InputError, ModelError, UnreachableError
from zs_dagster.home import Home
from zs_dagster.progress import listening
from zs_dagster.video.decoders import Decoders

if TYPE_CHECKING:
    RunRay = Callable[..., list[dict[str, Any]]]

DECODERS = 3
ITEMS = [works.Item(number) for number in range(6)]


@pytest.fixture
def on(tmp_path: Path) -> "RunRay":
    """Run work for items 0 to 5 on workers of Ray, or as said."""

    def run(
        work: Callable[..., list[dict[str, Any]]], kind: str = "ray", **said: int
    ) -> list[dict[str, Any]]:
        compute = ComputeResource(kind=kind, **said)
        return compute.run("work", ITEMS, work, partial(Decoders, DECODERS), Home(tmp_path))

    return run


@pytest.mark.usefixtures("ray_cluster")
def test_workers_share_the_items_and_know_the_home(
    on: "RunRay", tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[tuple[str, int, int]] = []
    with listening(lambda *said: seen.append(said)):
        outcomes = on(partial(works.note, folder=tmp_path), workers=2)
    expected = {"home": str(tmp_path), "workers": DECODERS}
    assert sorted(outcomes, key=lambda one: one["item"]) == [
        {"item": item, **expected} for item in range(6)
    ]
    assert seen == [("work", done, 6) for done in range(7)]
    pids = [(tmp_path / str(item)).read_text().split() for item in range(6)]
    assert [len(each) for each in pids] == [1] * 6
    assert [str(os.getpid())] not in pids
    assert [record.message for record in caplog.records] == ["five is left out"]


@pytest.mark.usefixtures("ray_cluster")
@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        ("ModelError", ModelError, "the GPU fell out of the machine"),
        (
            "death",
            ModelError,
            "work: a Ray worker must live through its videos, but died 2 times; see Ray's logs "
            "for why (often: no memory)",
        ),
    ],
)
def test_an_error_in_a_worker_is_the_same_line_here(
    on: "RunRay",
    monkeypatch: pytest.MonkeyPatch,
    error: str,
    kind: type[Exception],
    message: str,
) -> None:
    monkeypatch.setattr("resources.ray_workers.MOST_TRIES_AGAIN", 1)
    with pytest.raises(kind) as caught:
        on(partial(works.fail, error=error), workers=1)
    assert type(caught.value) is kind
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        ("VideoError", InputError, "cannot read video 'a.mp4': no moov atom"),
        ("MemoryError", MemoryError, "no 3 GB"),
    ],
)
def test_an_error_that_cannot_travel_becomes_its_nearest_kin(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: str,
    kind: type[Exception],
    message: str,
) -> None:
    monkeypatch.setenv("ZS_HOME", "set by the worker")
    worker = Worker(
        partial(works.fail, error=error), partial(Decoders, DECODERS), str(tmp_path)
    )
    column = worker({"item": ITEMS})["told"]
    with pytest.raises(kind) as caught:
        list(outcomes_of({"told": line} for line in column))
    assert type(caught.value) is kind
    assert str(caught.value) == message


def test_a_bug_in_a_worker_stays_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZS_HOME", "set by the worker")
    worker = Worker(
        partial(works.fail, error="bug"), partial(Decoders, DECODERS), str(tmp_path)
    )
    with pytest.raises(KeyError):
        worker({"item": ITEMS})


def test_this_process_does_it_where_nothing_is_said(
    on: "RunRay", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZS_COMPUTE", raising=False)
    outcomes = on(partial(works.note, folder=tmp_path), kind="")
    assert [one["item"] for one in outcomes] == list(range(6))
    assert (tmp_path / "0").read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ZS_COMPUTE", "spark", "compute must be local or ray, got 'spark'"),
        ("ZS_RAY_WORKERS", "two", "ZS_RAY_WORKERS must be a whole number, got 'two'"),
    ],
)
def test_a_wrong_setting_is_refused(
    on: "RunRay",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    message: str,
) -> None:
    monkeypatch.setenv("ZS_COMPUTE", "ray")
    monkeypatch.setenv(variable, value)
    with pytest.raises(InputError) as caught:
        on(partial(works.note, folder=tmp_path), kind="")
    assert str(caught.value) == message


def test_ray_that_is_not_installed_names_the_extra(
    on: "RunRay", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError) as caught:
        on(partial(works.note, folder=tmp_path))
    assert str(caught.value) == (
        "compute: ray needs the extra `ray`, which is not installed; get it with "
        "`pip install -e '.[ray]'` or set ZS_COMPUTE=local"
    )


def test_no_cluster_at_the_address_is_one_line(
    on: "RunRay", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("nobody there")

    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(UnreachableError) as caught:
        on(partial(works.note, folder=tmp_path))
    assert str(caught.value) == (
        "a Ray cluster must answer at RAY_ADDRESS, got '127.0.0.1:1': nobody there"
    )
