"""Pooling frames: by hand, what all ways have in common, their limits and orders."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zs_dagster.classification.aggregation import AGGREGATORS, aggregator
from zs_dagster.classification.frame_text import FrameText, Words
from zs_dagster.classification.pooling import Agree
from zs_dagster.classification.softmax import entropy, softmax
from zs_dagster.errors import InputError

SCALE, CLASSES, WIDTH = 100.0, 4, 5
SEEDS = st.integers(0, 2**32 - 1)
COUNTS = st.integers(1, 9)
NAMES = list(AGGREGATORS)
# Every property runs for many aggregators.
FEW = settings(max_examples=25)


def video(seed: int, n_frames: int, n_classes: int = CLASSES) -> FrameText:
    draw = np.random.default_rng(seed)
    classes = draw.normal(size=(n_classes, WIDTH))
    words = Words(
        draw.normal(size=(2 * n_classes, WIDTH)), np.arange(2 * n_classes) % n_classes
    )
    return FrameText(draw.normal(size=(n_frames, WIDTH)), classes, words)


def with_frames(of: FrameText, frames: np.ndarray) -> FrameText:
    return FrameText(frames, of.classes, of.words)


def scores(name: str, of: FrameText, **parameters: Any) -> np.ndarray:  # noqa: ANN401
    found = aggregator(name, parameters).scores(of)
    assert found.shape == (len(of.classes),)
    assert found.dtype == np.float64
    return found


def probabilities(name: str, of: FrameText, **parameters: Any) -> np.ndarray:  # noqa: ANN401
    return softmax(SCALE * scores(name, of, **parameters))


def test_by_hand() -> None:
    # Cosines: frame 0 is class 0, frame 1 is class 1; classes are at a right angle.
    square = FrameText(np.array([[2.0, 0], [0, 1], [0, 3]]), np.eye(2))
    np.testing.assert_allclose(scores("mean_logit", square), [1 / 3, 2 / 3])
    np.testing.assert_allclose(scores("mean_embed", square), [0.2**0.5, 2 * 0.2**0.5])
    # The raw mean is (2/3, 4/3), the same direction by chance of the lengths.
    np.testing.assert_allclose(
        scores("mean_embed", square, is_prenormalised=False), [0.2**0.5, 2 * 0.2**0.5]
    )
    np.testing.assert_array_equal(scores("max", square), [1, 1])
    np.testing.assert_allclose(scores("topk", square, k=2), [0.5, 1])
    np.testing.assert_allclose(scores("lme", square, beta=1.0)[0], np.log((np.e + 2) / 3))
    # Weights of class 0 are e, 1, 1 over their sum.
    weighted = np.e / (np.e + 2)
    np.testing.assert_allclose(scores("text_attn", square, tau=1.0)[0], weighted)
    pooled = np.array([weighted, 2 / (np.e + 2)])
    np.testing.assert_allclose(
        scores("text_attn", square, tau=1.0, is_renormalised=True)[0],
        weighted / np.linalg.norm(pooled),
    )
    # Consensus of a frame is its mean cosine with all: 1/3, 2/3, 2/3.
    low, high = np.exp([1 / 3, 2 / 3])
    expected = np.array([low, 2 * high]) / (low + 2 * high)
    np.testing.assert_allclose(scores("self_attn", square, beta=1.0), expected)


def test_concept_spotting_by_hand() -> None:
    frames, classes = np.eye(2), np.array([[1.0, 0], [0.6, 0.8]])
    words = Words(np.array([[1.0, 0], [0, 1], [0, 1]]), np.array([0, 0, 1]))
    # Class 0: its words see opposite frames, so each frame weighs a half. Class 1: 1 : e.
    found = scores("vcs", FrameText(frames, classes, words), tau=1.0)
    np.testing.assert_allclose(found, [0.5, (0.6 + 0.8 * np.e) / (1 + np.e)])


def test_unsure_frames_are_dropped() -> None:
    # The last two frames lie between the classes: they are the least sure.
    frames = np.array([[1, 0.0], [1, 0.1], [1, 1], [1, 1]])
    of = FrameText(frames, np.eye(2))
    kept = with_frames(of, frames[:2])
    np.testing.assert_allclose(Agree(keep=0.5).scores(of), scores("mean_embed", kept))
    np.testing.assert_allclose(Agree(keep=0.01).scores(of), [1, 0], atol=1e-12)
    np.testing.assert_allclose(Agree(keep=1.0).scores(of), scores("mean_embed", of))


def test_a_share_of_frames_is_not_lost_to_rounding() -> None:
    # 0.29 * 100 is 28.999… in binary.
    of = video(3, 100)
    least = np.argsort(entropy(SCALE * of.cosine), kind="stable")[:29]
    expected = scores("mean_embed", with_frames(of, of.frames[least]))
    np.testing.assert_allclose(Agree(keep=0.29).scores(of), expected)


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS, copies=COUNTS)
def test_all_agree_where_all_frames_are_equal(name: str, seed: int, copies: int) -> None:
    one = video(seed, 1)
    found = probabilities(name, with_frames(one, one.frames.repeat(copies, axis=0)))
    np.testing.assert_allclose(found, softmax(SCALE * one.cosine[0]), atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS, n_frames=COUNTS)
def test_the_order_of_frames_does_not_matter(name: str, seed: int, n_frames: int) -> None:
    of = video(seed, n_frames)
    turned = with_frames(of, np.random.default_rng(seed).permutation(of.frames))
    np.testing.assert_allclose(scores(name, turned), scores(name, of), atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS, n_frames=COUNTS)
def test_classes_turn_with_their_scores(name: str, seed: int, n_frames: int) -> None:
    of, order = video(seed, n_frames), np.random.default_rng(seed).permutation(CLASSES)
    assert of.words is not None
    words = Words(of.words.features, np.argsort(order)[of.words.class_of])
    turned = FrameText(of.frames, of.classes[order], words)
    np.testing.assert_allclose(scores(name, turned), scores(name, of)[order], atol=1e-9)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("topk", "agree")])
@FEW
@given(seed=SEEDS, n_frames=COUNTS)
def test_a_copy_of_every_frame_changes_nothing(name: str, seed: int, n_frames: int) -> None:
    of = video(seed, n_frames)
    doubled = with_frames(of, np.vstack([of.frames, of.frames]))
    np.testing.assert_allclose(scores(name, doubled), scores(name, of), atol=1e-9)


@FEW
@given(SEEDS, COUNTS, COUNTS)
def test_copies_change_nothing_where_k_is_doubled_too(seed: int, n: int, k: int) -> None:
    of = video(seed, n)
    doubled = with_frames(of, of.frames.repeat(2, axis=0))
    expected = scores("topk", of, k=min(k, n))
    np.testing.assert_allclose(scores("topk", doubled, k=2 * min(k, n)), expected, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS, n_frames=COUNTS, factor=st.floats(1e-3, 1e3))
def test_the_length_of_all_features_does_not_matter(
    name: str, seed: int, n_frames: int, factor: float
) -> None:
    of = video(seed, n_frames)
    longer = with_frames(of, factor * of.frames)
    np.testing.assert_allclose(scores(name, longer), scores(name, of), atol=1e-9)


@FEW
@given(SEEDS, COUNTS)
def test_the_mean_of_frames_ranks_as_the_mean_of_cosines(seed: int, n_frames: int) -> None:
    of = video(seed, n_frames)
    length = np.linalg.norm(of.unit_frames.mean(axis=0))
    assert length <= 1 + 1e-12
    expected = scores("mean_logit", of)
    np.testing.assert_allclose(scores("mean_embed", of) * length, expected, atol=1e-12)


def test_frames_that_are_not_normalised_first_weigh_by_their_length() -> None:
    of = FrameText(np.array([[9.0, 0], [0, 1]]), np.eye(2))
    raw = scores("mean_embed", of, is_prenormalised=False)
    np.testing.assert_allclose(raw, np.array([9, 1]) / 82**0.5)
    np.testing.assert_allclose(scores("mean_embed", of), [0.5**0.5] * 2)


@FEW
@given(SEEDS, COUNTS)
def test_the_best_k_fall_from_the_maximum_to_the_mean(seed: int, n_frames: int) -> None:
    of = video(seed, n_frames)
    steps = [scores("topk", of, k=k) for k in range(1, n_frames + 1)]
    np.testing.assert_allclose(steps[0], scores("max", of), atol=1e-12)
    np.testing.assert_allclose(steps[-1], scores("mean_logit", of), atol=1e-12)
    np.testing.assert_array_equal(
        scores("topk", of, k=n_frames + 1), scores("topk", of, k=n_frames)
    )
    assert (np.diff(steps, axis=0) <= 1e-12).all()


@pytest.mark.parametrize(
    ("name", "parameter", "values"),
    [
        ("lme", "beta", [1e-6, 0.1, 1.0, 10.0, 100.0, 1e7]),
        ("text_attn", "tau", [1e6, 10.0, 1.0, 0.1, 0.01, 1e-7]),
    ],
)
@FEW
@given(seed=SEEDS, n_frames=COUNTS)
def test_soft_maxima_rise_from_the_mean_to_the_maximum(
    name: str, parameter: str, values: list[float], seed: int, n_frames: int
) -> None:
    of = video(seed, n_frames)
    steps = np.array([scores(name, of, **{parameter: value}) for value in values])
    assert (np.diff(steps, axis=0) >= -1e-9).all()
    np.testing.assert_allclose(steps[0], scores("mean_logit", of), atol=1e-5)
    np.testing.assert_allclose(steps[-1], scores("max", of), atol=1e-5)


@FEW
@given(SEEDS, COUNTS)
def test_attention_without_sharpness_is_the_mean(seed: int, n_frames: int) -> None:
    of = video(seed, n_frames)
    expected = scores("mean_logit", of)
    np.testing.assert_allclose(scores("self_attn", of, beta=0), expected, atol=1e-12)
    np.testing.assert_allclose(scores("vcs", of, tau=1e9), expected, atol=1e-6)


@FEW
@given(SEEDS, COUNTS)
def test_mean_probabilities_are_the_softmax_of_the_score(seed: int, n_frames: int) -> None:
    of = video(seed, n_frames)
    expected = softmax(SCALE * of.cosine).mean(axis=0)
    np.testing.assert_allclose(probabilities("mean_prob", of), expected, rtol=1e-9)


def accuracy(name: str, seed: int, share: float, noise: float, **parameters: Any) -> float:  # noqa: ANN401
    """Share of 60 videos whose class direction lies in a share of 32 frames, and is found."""
    draw = np.random.default_rng(seed)
    classes = draw.normal(size=(8, 32))
    classes /= np.linalg.norm(classes, axis=1, keepdims=True)
    right = 0
    for number in range(60):
        frames = noise * draw.normal(size=(32, 32)) / 32**0.5
        frames[: round(32 * share)] += classes[number % 8]
        right += int(
            scores(name, FrameText(frames, classes), **parameters).argmax() == number % 8
        )
    return right / 60


@pytest.mark.parametrize(
    ("name", "parameters"), [("max", {}), ("topk", {"k": 2}), ("text_attn", {})]
)
def test_rare_actions_want_the_maximum_and_noise_wants_the_mean(
    name: str, parameters: dict[str, Any]
) -> None:
    for seed in range(10):
        rare, noisy = (
            accuracy(name, seed, *case, **parameters) - accuracy("mean_embed", seed, *case)
            for case in ((1 / 16, 1.0), (1.0, 6.0))
        )
        assert rare > 0
        assert name != "max" or noisy < 0


@pytest.mark.parametrize(
    ("frames", "classes"),
    [((0, 3), (2, 3)), ((2, 3), (0, 3)), ((2, 3), (2, 4)), ((3,), (2, 3))],
)
def test_shapes_that_do_not_fit_are_refused(
    frames: tuple[int, ...], classes: tuple[int, ...]
) -> None:
    with pytest.raises(InputError, match=r"must have shapes \(F, D\) and \(K, D\)"):
        FrameText(np.ones(frames), np.ones(classes))


def test_features_without_a_direction_are_refused() -> None:
    opposite = FrameText(np.array([[1.0, 0], [-1, 0]]), np.eye(2))
    with pytest.raises(InputError, match="means of frame features must be finite and not zero"):
        scores("mean_embed", opposite)
    with pytest.raises(InputError, match=r"frame features must be finite .*; 1 of 2 are not"):
        scores("max", FrameText(np.array([[1.0, 0], [0, 0]]), np.eye(2)))


def test_concept_spotting_needs_words_of_every_class() -> None:
    of = video(0, 2)
    with pytest.raises(InputError, match="needs the features of words, got none"):
        scores("vcs", FrameText(of.frames, of.classes))
    words = Words(np.ones((2, WIDTH)), np.array([0, 1]))
    with pytest.raises(
        InputError, match=r"each of 4 classes must have one, got .* for 2 words"
    ):
        scores("vcs", FrameText(of.frames, of.classes, words))
