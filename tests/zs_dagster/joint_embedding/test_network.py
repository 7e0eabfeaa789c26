"""The branches: over time and not over the batch, padding unseen, plain CLIP at first."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.model import JointModel
from zs_dagster.joint_embedding.network import JointNetwork
from zs_dagster.joint_embedding.parameters import JointParameters, with_overrides

Make = Callable[..., JointParameters]
D = 6


def frames(seed: int, videos: int = 5, length: int = 4) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return list(rng.normal(size=(videos, length, D)).astype(np.float32))


def stirred(model: JointModel) -> JointModel:
    """Give the silent layers weights, as training would."""
    torch.manual_seed(1)
    for weight in model.network.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return model


@pytest.mark.parametrize(
    ("preset", "changes", "widths", "count"),
    [
        ("cezsar-paper", {}, (4096, 768), 12_825_344),
        ("cezsar-paper", {"d_model": 512}, (512, 384), 3_530_496),
        ("default", {"residual": False}, (512, 512), 3_678_720),
    ],
)
def test_number_of_weights(
    preset: str, changes: dict[str, object], widths: tuple[int, int], count: int
) -> None:
    network = JointNetwork(*widths, with_overrides(preset, changes))
    assert sum(weight.numel() for weight in network.parameters()) == count


@pytest.mark.parametrize("is_residual", [True, False])
def test_a_video_does_not_depend_on_its_batch(small: Make, is_residual: bool) -> None:
    model = stirred(JointModel.initial(D, D, small(residual=is_residual)))
    videos = frames(0)
    together = model.embed_videos(videos)
    np.testing.assert_allclose(model.embed_videos(videos[::-1])[::-1], together, atol=1e-6)
    for place, video in enumerate(videos):
        np.testing.assert_allclose(model.embed_videos([video])[0], together[place], atol=1e-6)


def test_the_published_attention_runs_over_the_batch(small: Make) -> None:
    parameters = small("cezsar-paper")
    network = JointNetwork(D, D, parameters).eval()
    batch = torch.from_numpy(np.stack(frames(0)))
    padding = torch.zeros(batch.shape[:2], dtype=torch.bool)
    together = network.embed_videos(batch, padding)
    alone = network.embed_videos(batch[:1], padding[:1])
    assert (together[0] - alone[0]).abs().max() > 0.01
    # At inference it sees one video at a time, so that one does not depend on another.
    model = JointModel(network, parameters, D, D)
    np.testing.assert_array_equal(
        model.embed_videos(frames(0))[0], model.embed_videos(frames(0)[:1])[0]
    )


@pytest.mark.parametrize("preset", ["default", "cezsar-paper"])
def test_the_order_of_frames_does_not_matter(small: Make, preset: str) -> None:
    model = stirred(JointModel.initial(D, D, small(preset)))
    videos = frames(1)
    shuffled = [video[[2, 0, 3, 1]] for video in videos]
    np.testing.assert_allclose(
        model.embed_videos(shuffled), model.embed_videos(videos), atol=1e-6
    )


def test_attention_lets_frames_see_each_other(small: Make) -> None:
    model = stirred(JointModel.initial(D, D, small(residual=False, infer_norm="none")))
    one, other = frames(2, videos=2, length=1)
    both = model.embed_videos([np.concatenate([one, other])])[0]
    apart = model.embed_videos([one, other]).mean(axis=0)
    assert np.abs(both - apart).max() > 0.01


@pytest.mark.parametrize("is_residual", [True, False])
def test_padding_changes_nothing(small: Make, is_residual: bool) -> None:
    network = stirred(JointModel.initial(D, D, small(residual=is_residual))).network
    short = torch.from_numpy(np.stack(frames(3, length=2)))
    padded = torch.cat([short, torch.full((5, 3, D), 7.0)], dim=1)
    is_padding = torch.tensor([False] * 2 + [True] * 3).expand(5, 5)
    without = network.embed_videos(short, is_padding[:, :2])
    with_padding = network.embed_videos(padded, is_padding)
    torch.testing.assert_close(with_padding, without, atol=1e-6, rtol=0)


def test_published_padding_counts_as_frames(small: Make) -> None:
    zeros, masked = (
        stirred(JointModel.initial(D, D, small(residual=False, pad_mode=mode)))
        for mode in ("zero", "mask")
    )
    short = frames(4, length=2)
    filled = [np.concatenate([video, np.zeros((2, D), np.float32)]) for video in short]
    as_frames = masked.embed_videos(filled)
    np.testing.assert_allclose(zeros.embed_videos(short), as_frames, atol=1e-6)
    assert np.abs(masked.embed_videos(short) - as_frames).max() > 0.01


def test_layer_norm_gives_one_length_and_makes_euclid_and_cosine_agree(small: Make) -> None:
    parameters = small(residual=False)
    model = JointModel.initial(D, D, parameters)
    rng = np.random.default_rng(5)
    videos = model.embed_videos(frames(5)).astype(np.float64)
    sentences = model.embed_sentences(rng.normal(size=(30, D))).astype(np.float64)
    for points in (videos, sentences):
        length = np.linalg.norm(points, axis=1)
        np.testing.assert_allclose(length, parameters.joint**0.5, rtol=1e-3)
    squared = ((videos[:, None] - sentences) ** 2).sum(axis=2)
    cosine = (videos @ sentences.T) / np.outer(
        np.linalg.norm(videos, axis=1), np.linalg.norm(sentences, axis=1)
    )
    np.testing.assert_allclose(squared, 2 * parameters.joint * (1 - cosine), atol=0.02)
    np.testing.assert_array_equal(squared.argmin(axis=1), cosine.argmax(axis=1))


def test_the_last_norm_can_be_left_out_at_inference(small: Make) -> None:
    normed, raw = (
        JointModel.initial(D, D, small(residual=False, infer_norm=norm))
        for norm in ("layernorm", "none")
    )
    a, b = normed.embed_videos(frames(6)), raw.embed_videos(frames(6))
    centred = b - b.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(a, expected, atol=1e-5)
    assert np.abs(a - b).max() > 0.01
    sentence = np.ones((1, D))
    gap = raw.embed_sentences(sentence) - normed.embed_sentences(sentence)
    assert np.abs(gap).max() > 0.01


def test_untrained_residual_is_plain_clip(small: Make) -> None:
    model = JointModel.initial(D, D, small())
    videos, rng = frames(7), np.random.default_rng(7)
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in videos]
    mean = np.stack([u.mean(axis=0) for u in unit])
    plain = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    np.testing.assert_allclose(model.embed_videos(videos), plain, atol=1e-6)
    classes = rng.normal(size=(9, D)).astype(np.float32)
    texts = classes / np.linalg.norm(classes, axis=1, keepdims=True)
    np.testing.assert_allclose(model.embed_sentences(classes), texts, atol=1e-6)
    raw = JointModel.initial(D, D, small(frame_norm=False)).embed_videos(videos)
    means = np.stack([video.mean(axis=0) for video in videos])
    np.testing.assert_allclose(
        raw, means / np.linalg.norm(means, axis=1, keepdims=True), atol=1e-6
    )


def test_the_head_adds_exactly_nothing_at_first(small: Make) -> None:
    network = JointNetwork(D, D, small()).eval()
    batch = torch.from_numpy(np.stack(frames(8)))
    padding = torch.zeros(batch.shape[:2], dtype=torch.bool)
    unit = torch.nn.functional.normalize(batch, dim=-1)
    plain = torch.nn.functional.normalize(unit.sum(1) / 4, dim=-1)
    assert torch.equal(network.embed_videos(batch, padding), plain)


def test_negative_features_are_seen_unless_the_encoder_ends_in_a_relu(small: Make) -> None:
    videos = frames(9)
    clipped = [np.maximum(video, 0) for video in videos]
    for input_relu in (False, True):
        parameters = small(residual=False, frame_norm=False, input_relu=input_relu)
        model = JointModel.initial(D, D, parameters)
        gap = np.abs(model.embed_videos(videos) - model.embed_videos(clipped)).max()
        assert (gap < 1e-6) == input_relu


def test_residual_needs_one_space(small: Make) -> None:
    with pytest.raises(InputError, match="got widths 6 and 5; set residual to false"):
        JointNetwork(6, 5, small())
    JointNetwork(6, 5, small(residual=False))


def test_weights_begin_by_the_seed_and_leave_the_generator_alone(small: Make) -> None:
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    first = JointNetwork(D, D, small()).state_dict()
    torch.manual_seed(5)
    again = JointNetwork(D, D, small()).state_dict()
    other = JointNetwork(D, D, small(seed=1)).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["sentence.weight"], other["sentence.weight"])
    torch.manual_seed(0)
    assert torch.equal(torch.random.get_rng_state(), before)
