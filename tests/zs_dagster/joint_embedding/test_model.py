"""A stored joint space is the same one again, or is refused by the name of what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from zs_dagster.errors import InputError, ModelError
from zs_dagster.joint_embedding.model import JointModel
from zs_dagster.joint_embedding.parameters import JointParameters
from zs_dagster.store import Store

Make = Callable[..., JointParameters]


def trained(parameters: JointParameters) -> JointModel:
    model = JointModel.initial(6, 6, parameters)
    torch.manual_seed(0)
    for weight in model.network.parameters():
        torch.nn.init.normal_(weight)
    return model


@pytest.mark.parametrize("preset", ["default", "cezsar-paper"])
@pytest.mark.parametrize("loss", ["triplet", "infonce"])
def test_stored_and_read_again(small: Make, tmp_path: Path, preset: str, loss: str) -> None:
    model, store = trained(small(preset, loss=loss)), Store(tmp_path)
    store.save_arrays("cezsar_model", "abcd", model.arrays())
    store.save_document("cezsar_model", "abcd", model.document())
    document = store.load_document("cezsar_model", "abcd")
    assert document is not None
    again = JointModel.from_entry(store.load_arrays("cezsar_model", "abcd"), document)
    assert again.parameters == model.parameters
    rng = np.random.default_rng(0)
    videos = [rng.normal(size=(n, 6)) for n in (1, 4, 2)]
    np.testing.assert_array_equal(again.embed_videos(videos), model.embed_videos(videos))
    texts = rng.normal(size=(3, 6))
    np.testing.assert_array_equal(again.embed_sentences(texts), model.embed_sentences(texts))


def test_arrays_are_copies(small: Make) -> None:
    model = trained(small())
    before = model.arrays()
    model.arrays()["sentence.weight"][:] = 0
    np.testing.assert_array_equal(model.arrays()["sentence.weight"], before["sentence.weight"])


def test_untrained_is_the_model_before_training(small: Make) -> None:
    model = trained(small())
    before, after = model.untrained().arrays(), model.arrays()
    start = JointModel.initial(6, 6, small()).arrays()
    assert all(np.array_equal(before[name], start[name]) for name in start)
    assert not before["video_back.weight"].any()
    assert after["video_back.weight"].any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "must have format 1, got 2; train it anew"),
        (
            {"frame_dim": 0},
            r"frame_dim and sentence_dim must be whole numbers >= 1, got \(0, 6",
        ),
        ({"frame_dim": 5}, "residual needs frames and sentences of one space, got widths 5"),
        ({"joint_dim": 8}, "joint_dim must be 6 by the other fields, got 8"),
        ({"parameters": {"rate": 1}}, "cannot be read: .*'rate'"),
        ({"parameters": {"lr": -1}}, "cannot be read: lr must be a finite number >= 0, got -1"),
        ({"parameters": {"d_model": 32}}, "array '.*' of the joint model must be float32"),
        ({"colour": 1}, "has the unknown field 'colour'"),
    ],
)
def test_a_document_that_does_not_fit(
    small: Make, changes: dict[str, Any], message: str
) -> None:
    model = trained(small())
    document = json.loads(json.dumps(model.document()))
    if "parameters" in changes:
        changes = {"parameters": document["parameters"] | changes["parameters"]}
    with pytest.raises(ModelError, match=message):
        JointModel.from_entry(model.arrays(), document | changes)


def test_a_document_that_lacks_a_field(small: Make) -> None:
    document = trained(small()).document()
    del document["frame_dim"]
    with pytest.raises(ModelError, match="lacks the field 'frame_dim'"):
        JointModel.from_entry({}, document)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (None, "lacks the array 'sentence.bias'"),
        (np.zeros(9, np.float32), r"'sentence.bias' .* float32 \(8,\), got float32 \(9,\)"),
        (np.zeros(8), r"'sentence.bias' .* got float64 \(8,\)"),
        (np.full(8, np.nan, np.float32), "'sentence.bias' of the joint model must be finite"),
    ],
)
def test_an_array_that_does_not_fit(
    small: Make, array: np.ndarray | None, message: str
) -> None:
    model = trained(small())
    arrays = model.arrays()
    del arrays["sentence.bias"]
    if array is not None:
        arrays["sentence.bias"] = array
    with pytest.raises(ModelError, match=message):
        JointModel.from_entry(arrays, model.document())
    with pytest.raises(ModelError, match="has the unknown array 'more'"):
        JointModel.from_entry(model.arrays() | {"more": np.zeros(1)}, model.document())


@pytest.mark.parametrize("shape", [(0, 6), (5, 6), (2, 7), (6,)])
def test_a_video_that_does_not_fit(small: Make, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="must have 1 to 4 frames of 6 numbers, got shape"):
        trained(small()).embed_videos([np.ones(shape)])


def test_sentences_that_do_not_fit(small: Make) -> None:
    with pytest.raises(InputError, match=r"must have shape \(N, 6\), got \(2, 5\)"):
        trained(small()).embed_sentences(np.ones((2, 5)))


def test_none_gives_none(small: Make) -> None:
    model = trained(small())
    assert model.embed_videos([]).shape == (0, 6)
    assert model.embed_sentences(np.zeros((0, 6))).shape == (0, 6)
    assert JointModel.initial(6, 5, small(residual=False)).embed_videos([]).shape == (0, 8)
