"""Training: it learns, ends, and comes out the same whether or not it was interrupted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from tests.hostile_safetensors import HOSTILE, HOSTILE_TO_NUMPY
from zs_dagster.errors import InputError, ModelError, StoreError
from zs_dagster.joint_embedding.captioned import CaptionedSegments
from zs_dagster.joint_embedding.parameters import JointParameters
from zs_dagster.joint_embedding.state import StateFile
from zs_dagster.joint_embedding.training import TrainedJoint, TrainingStoppedError, train

Make = Callable[..., JointParameters]
MakeSegments = Callable[..., CaptionedSegments]
KINDS: list[tuple[str, dict[str, object]]] = [
    ("default", {"batch": 4}),
    ("default", {"batch": 4, "loss": "infonce"}),
    ("default", {"batch": 4, "residual": False, "negatives": "static"}),
    ("cezsar-paper", {"batch": 32}),
]


def same(one: TrainedJoint, other: TrainedJoint) -> bool:
    a, b = one.model.arrays(), other.model.arrays()
    is_same = all(np.array_equal(a[name], b[name]) for name in a)
    return is_same and one.history == other.history and one.metrics == other.metrics


def stop_after(steps: int) -> Callable[[], bool]:
    left = iter([False] * (steps - 1))
    return lambda: next(left, True)


@pytest.mark.parametrize(("preset", "changes"), KINDS)
def test_interrupted_anywhere_it_ends_in_the_same_model(
    small: Make,
    make_segments: MakeSegments,
    tmp_path: Path,
    preset: str,
    changes: dict[str, object],
) -> None:
    data, parameters = make_segments(videos=8), small(preset, n_negatives=1, **changes)
    whole = train(data, parameters, state=tmp_path / "whole")
    assert same(whole, train(data, parameters, state=tmp_path / "again"))
    for steps in (1, 3):
        torch.manual_seed(steps)  # nothing may hang on it
        with pytest.raises(TrainingStoppedError, match=r"in epoch \d; run it again"):
            train(data, parameters, state=tmp_path / "state", should_stop=stop_after(steps))
    assert same(whole, train(data, parameters, state=tmp_path / "state"))


def test_killed_after_a_state_was_written_within_an_epoch(
    small: Make, make_segments: MakeSegments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, parameters, state = make_segments(), small(), tmp_path / "state"
    whole = train(data, parameters, state=tmp_path / "whole")
    # Each step writes the state; the kill comes in a later one, which is lost.
    monkeypatch.setattr("zs_dagster.joint_embedding.training.SAVE_EVERY_S", 0)
    asked: list[bytes] = []

    def killed() -> bool:
        asked.append(state.read_bytes() if state.exists() else b"")
        if len(asked) == 6:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        train(data, parameters, state=state, should_stop=killed)
    assert asked[0] == b""
    assert len(set(asked)) == 6
    assert same(whole, train(data, parameters, state=state))


def test_a_finished_training_is_read_and_not_repeated(
    small: Make, make_segments: MakeSegments, tmp_path: Path
) -> None:
    data, state = make_segments(), tmp_path / "state"
    reported: list[dict[str, float]] = []
    first = train(data, small(), state=state, report=reported.append)
    assert reported == first.history
    again = train(data, small(), state=state, report=lambda row: pytest.fail(str(row)))
    assert same(first, again)


def test_torch_draws_as_if_nothing_had_been_trained(
    small: Make, make_segments: MakeSegments, tmp_path: Path
) -> None:
    before = torch.random.get_rng_state()
    train(make_segments(), small(epochs=1), state=tmp_path / "state")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_state_of_another_training_is_refused(
    small: Make, make_segments: MakeSegments, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with pytest.raises(TrainingStoppedError):
        train(make_segments(), small(), state=state, should_stop=lambda: True)
    written = state.read_bytes()
    for data, parameters in (
        (make_segments(seed=1), small()),
        (make_segments(), small(seed=1)),
    ):
        with pytest.raises(StoreError, match=r"'.*state' is of other data or parameters"):
            train(data, parameters, state=state)
    assert state.read_bytes() == written
    state.write_bytes(written[:1000])
    with pytest.raises(StoreError, match=r"cannot be read \(.*; delete it to begin anew"):
        train(make_segments(), small(), state=state)


def test_metrics_say_what_was_trained_on_and_compare_with_the_beginning(
    small: Make, make_segments: MakeSegments, tmp_path: Path
) -> None:
    trained = train(make_segments(), small(), state=tmp_path / "state")
    metrics, history = trained.metrics, trained.history
    counts = [metrics[f"segments_{part}"] for part in ("train", "validation", "test")]
    assert counts == [16, 4, 4]
    assert (metrics["records"], metrics["triplets"], metrics["without_negative"]) == (32, 96, 0)
    assert [row["epoch"] for row in history] == [0, 1, 2, 3]
    assert "train_loss" not in history[0]
    assert metrics["untrained_validation_loss"] == history[0]["validation_loss"]
    best = min(history, key=lambda row: row["validation_loss"])
    assert (metrics["best_epoch"], metrics["validation_r5"]) == (best["epoch"], best["r5"])
    # The untrained model of the metrics is the one that is asked for.
    untrained = train(make_segments(), small(lr=1e-30), state=tmp_path / "other").metrics
    assert untrained["test_r1"] == metrics["untrained_test_r1"]
    assert untrained["test_loss"] == pytest.approx(metrics["untrained_test_loss"])


def test_without_a_test_part_nothing_is_said_of_it(
    small: Make, make_segments: MakeSegments, tmp_path: Path
) -> None:
    metrics = train(make_segments(), small(test_share=0.0), state=tmp_path / "state").metrics
    assert not [name for name in metrics if "test" in name]
    assert metrics["segments_train"] + metrics["segments_validation"] == 24


def test_it_ends_when_nothing_gets_better(
    small: Make, make_segments: MakeSegments, tmp_path: Path
) -> None:
    # A rate this high makes every epoch worse than plain CLIP, which is then the model.
    parameters = small(lr=3.0, epochs=50, patience=4)
    trained = train(make_segments(), parameters, state=tmp_path / "state")
    assert trained.metrics["best_epoch"] + 4 == trained.metrics["epochs"] < 50
    assert len(trained.history) == trained.metrics["epochs"] + 1


@pytest.mark.parametrize("what", HOSTILE | HOSTILE_TO_NUMPY)
def test_a_hostile_state_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    state = StateFile(tmp_path / "state", "identity")
    network = torch.nn.Linear(1, 1)
    state.path.write_bytes((HOSTILE | HOSTILE_TO_NUMPY)[what])
    with pytest.raises(StoreError, match="; delete it to begin anew") as error:
        state.load(network, torch.optim.Adam(network.parameters()))  # type: ignore[arg-type] # any
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["network:none", "nowhere:weight", "moment:none:step"])
def test_a_state_of_this_training_with_other_tensors_is_refused(
    tmp_path: Path, name: str
) -> None:
    state = StateFile(tmp_path / "state", "identity")
    network = torch.nn.Linear(1, 1)
    save_file({name: np.ones(1)}, state.path, {"identity": "identity", "progress": "{}"})
    with pytest.raises(StoreError, match=r"is not what was written \(.*delete it to begin"):
        state.load(network, torch.optim.Adam(network.parameters()))  # type: ignore[arg-type] # any


@pytest.mark.parametrize(("select_by", "best"), [("loss", 2), ("retrieval", 1)])
def test_the_epoch_is_chosen_by_one_and_then_by_the_other(
    small: Make,
    make_segments: MakeSegments,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    select_by: str,
    best: int,
) -> None:
    def row(loss: float, r1: float, median_rank: float) -> dict[str, float]:
        return {"loss": loss, "r1": r1, "r5": 1.0, "median_rank": median_rank}

    # The second is best by its ranks; the third by its loss, which the fourth shares.
    rows = iter([row(3, 0.4, 2), row(2, 0.6, 1), row(1, 0.5, 2), row(1, 0.4, 2)])
    rows_of_test = [row(0, 0, 1)] * 2
    monkeypatch.setattr(
        "zs_dagster.joint_embedding.held_out.HeldOut.measure",
        lambda *_: dict(next(rows, rows_of_test[0])),
    )
    trained = train(make_segments(), small(select_by=select_by), state=tmp_path / "state")
    assert trained.metrics["best_epoch"] == best


def test_a_loss_that_is_not_finite_is_refused(
    small: Make, make_segments: MakeSegments, tmp_path: Path
) -> None:
    parameters = small(lr=1e30, gradient_clip=0.0, residual=False, weight_decay=0.0)
    with pytest.raises(
        ModelError, match=r"the loss must be finite, got .* in epoch .*lower lr"
    ):
        train(make_segments(), parameters, state=tmp_path / "state")


def test_the_gradient_is_clipped(
    small: Make, make_segments: MakeSegments, tmp_path: Path
) -> None:
    # Where eps is far above the gradient, Adam's first step is lr / eps times the gradient.
    def step(gradient_clip: float) -> float:
        changes = {"eps": 1e3, "lr": 1e3, "epochs": 1, "batch": 64, "weight_decay": 0.0}
        parameters = small(gradient_clip=gradient_clip, residual=False, **changes)
        state = tmp_path / str(gradient_clip)
        before = train(make_segments(), parameters, state=state).model.untrained().arrays()
        after = load_file(state)
        squares = [((after[f"network:{k}"] - before[k]) ** 2).sum() for k in before]
        return float(sum(squares) ** 0.5)

    assert step(1e-2) == pytest.approx(1e-2, rel=1e-3)
    assert step(0.0) == pytest.approx(step(1e6), rel=1e-6)
    assert step(0.0) > 0.1


def test_plain_arrays_of_another_type_are_the_same_training(
    small: Make, make_segments: MakeSegments, tmp_path: Path
) -> None:
    data = make_segments()
    half = replace(data, frames=data.frames.astype(np.float16))
    full = replace(half, frames=half.frames.astype(np.float32))
    one, other = (
        train(d, small(epochs=1), state=tmp_path / d.frames.dtype.name) for d in (half, full)
    )
    assert same(one, other)


def test_too_few_videos_are_refused(
    small: Make, make_segments: MakeSegments, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"training needs at least 6 videos.*got 5"):
        train(make_segments(videos=5), small(), state=tmp_path / "state")
    assert list(tmp_path.iterdir()) == []
