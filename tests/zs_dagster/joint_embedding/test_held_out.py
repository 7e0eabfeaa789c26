"""What is measured in training is what the model does at inference."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from zs_dagster.joint_embedding.captioned import CaptionedSegments
from zs_dagster.joint_embedding.held_out import HeldOut
from zs_dagster.joint_embedding.model import JointModel
from zs_dagster.joint_embedding.parameters import JointParameters
from zs_dagster.joint_embedding.retrieval import ranks, retrieval
from zs_dagster.joint_embedding.tensors import Tensors


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("default", {}),
        ("default", {"residual": False, "infer_norm": "none"}),
        ("cezsar-paper", {}),
        ("cezsar-paper", {"infer_norm": "layernorm"}),
        ("default", {"loss": "infonce"}),
    ],
)
def test_retrieval_is_that_of_the_model(
    small: Callable[..., JointParameters],
    make_segments: Callable[..., CaptionedSegments],
    preset: str,
    changes: dict[str, object],
) -> None:
    # Segments of at most T frames, so that none is chosen.
    data, parameters = make_segments(videos=10), small(preset, frames=8, **changes)
    model, part = JointModel.initial(6, 6, parameters), np.arange(20)
    torch.manual_seed(0)
    for weight in model.network.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    frames = [data.frames[a:b] for a, b in zip(data.first[:-1], data.first[1:], strict=True)]
    captions = model.embed_sentences(data.sentence_features[:20])
    expected = ranks(model.embed_videos(frames), captions, data.caption)
    found = HeldOut(data, part, parameters).measure(model.network.train())
    assert found.pop("loss") > 0
    assert found == retrieval(expected)


def test_other_sentences_of_a_video_are_no_negatives_for_infonce(
    small: Callable[..., JointParameters], make_segments: Callable[..., CaptionedSegments]
) -> None:
    # All embeddings alike: 16 rows, of which 4 are of one video, 2 of these of one segment.
    data, parameters = make_segments(videos=4), small(loss="infonce", residual=False)
    tensors, model = Tensors(data, parameters), JointModel.initial(6, 6, parameters)
    for weight in model.network.parameters():
        torch.nn.init.ones_(weight)
    (rows,) = HeldOut(data, np.arange(8), parameters).records.fixed()
    loss = tensors.loss(model.network, rows, torch.ones(len(rows), parameters.joint))
    assert len(rows) == 16
    assert loss.item() == pytest.approx(np.log((16 - 2) / 2), abs=1e-5)
