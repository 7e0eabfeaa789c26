"""Progress reaches the listener, or the log."""

import logging

import pytest

from zs_dagster.progress import listening, track

Heard = list[tuple[str, int, int]]


def test_the_listener_hears_zero_to_n_after_each_item() -> None:
    heard: Heard = []
    with listening(lambda *event: heard.append(event)):
        for item in track(["a", "b"], "stage", 2):
            assert heard[-1] == ("stage", "ab".index(item), 2)
    assert heard == [("stage", 0, 2), ("stage", 1, 2), ("stage", 2, 2)]


def test_an_item_that_fails_is_not_done() -> None:
    heard: Heard = []

    def work() -> None:
        with listening(lambda *event: heard.append(event)):
            for item in track([1, 0], "stage", 2):
                assert 1 // item

    with pytest.raises(ZeroDivisionError):
        work()
    assert heard == [("stage", 0, 2), ("stage", 1, 2)]


def test_nothing_to_do_is_said_too() -> None:
    heard: Heard = []
    with listening(lambda *event: heard.append(event)):
        assert list(track([], "stage", 0)) == []
    assert heard == [("stage", 0, 0)]


def test_listeners_nest_and_are_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    outer: Heard = []
    inner: Heard = []
    with listening(lambda *event: outer.append(event)):
        with listening(lambda *event: inner.append(event)):
            list(track("x", "deep", 1))
        list(track("x", "flat", 1))
    with caplog.at_level(logging.INFO, "zs_dagster"):
        list(track("x", "later", 1))
    assert {stage for stage, _, _ in inner} == {"deep"}
    assert {stage for stage, _, _ in outer} == {"flat"}
    assert caplog.messages == ["later: 1 of 1"]
