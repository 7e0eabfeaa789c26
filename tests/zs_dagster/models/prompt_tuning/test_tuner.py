"""One video at a time: what a step is, what it leaves behind, and when it is not taken."""

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from zs_dagster.models.clip import Network
from zs_dagster.models.prompt_tuning import objective as objective_module
from zs_dagster.models.prompt_tuning.context import build_prompts
from zs_dagster.models.prompt_tuning.objective import entropies, marginal_entropy
from zs_dagster.models.prompt_tuning.parameters import Fusion, Objective, ZarParameters
from zs_dagster.models.prompt_tuning.text_tower import TextTower
from zs_dagster.models.prompt_tuning.tuner import PromptTuner, Tuned
from zs_dagster.models.protocols import FeatureArray

if TYPE_CHECKING:
    from tests.zs_dagster.models.prompt_tuning.conftest import Clip

MISTAKE = 1e-3
"""What adaptation moves probabilities by at least, in the videos used here."""


class Direct:
    """The method as one graph over all classes, and the first step of Adam in closed form."""

    def __init__(self, clip: "Clip") -> None:
        self.scale = clip.network.logit_scale.exp().item()
        bias = clip.network.logit_bias
        self.bias = 0.0 if bias is None else bias.item()
        self.tower = TextTower(clip.network)
        self.prompts = build_prompts(self.tower, clip.tokenize, clip.names, "a video of a", ".")
        words = self.prompts.ids[:1, self.prompts.start : self.prompts.end]
        self.initial = self.tower.embed(words)[0].detach()

    def logits(self, rows: Tensor, context: Tensor) -> Tensor:
        ids = self.prompts.ids
        embeddings = self.prompts.inject(self.tower.embed(ids), context)
        texts = normalize(self.tower.encode(embeddings, ids), dim=-1)
        logits: Tensor = self.scale * rows @ texts.T + self.bias
        return logits

    def gradient(self, rows: Tensor, rho: float) -> Tensor:
        context = self.initial.clone().requires_grad_()
        logits = self.logits(rows, context)
        count = max(1, int(rho * len(rows)))
        chosen = logits[entropies(logits).argsort(stable=True)[:count]]
        (gradient,) = torch.autograd.grad(marginal_entropy(chosen), context)
        return gradient

    def stepped(self, rows: Tensor, rho: float, lr: float, decay: float) -> Tensor:
        gradient = self.gradient(rows, rho)
        step = gradient / (gradient.abs() + 1e-8)
        return (1 - lr * decay) * self.initial - lr * step


def pooled(frames: FeatureArray) -> Tensor:
    return normalize(torch.from_numpy(frames).mean(dim=-2), dim=-1)


def fingerprint(network: Network) -> str:
    state = network.state_dict()
    return hashlib.sha256(b"".join(t.numpy().tobytes() for t in state.values())).hexdigest()


def assert_same(left: Tuned, right: Tuned) -> None:
    for field in fields(Tuned):
        np.testing.assert_array_equal(getattr(left, field.name), getattr(right, field.name))


def test_a_step_is_the_closed_form_of_adam_on_the_gradient_of_the_whole(clip: "Clip") -> None:
    views, final = clip.video()
    tuned = clip.tuner(rho=0.5, lr=2e-3, weight_decay=0.1, text_chunk=2).tune(views, final)
    direct = Direct(clip)
    context = direct.stepped(pooled(views), rho=0.5, lr=2e-3, decay=0.1)
    expected = direct.logits(pooled(final)[None], context)[0]
    np.testing.assert_allclose(tuned.logits, expected, atol=2e-3)
    assert np.abs(tuned.logits - tuned.unadapted_logits).max() > 0.05
    np.testing.assert_allclose(tuned.probabilities, expected.softmax(0), atol=1e-4)
    assert not tuned.is_skipped


def test_without_adaptation_the_final_view_is_classified_by_clip(clip: "Clip") -> None:
    views, final = clip.video()
    texts = normalize(clip.text_features().float(), dim=-1)
    cosines = pooled(final) @ texts.T
    bias = clip.network.logit_bias
    logits = clip.network.logit_scale.exp() * cosines + (0 if bias is None else bias)
    tuned = clip.tuner(n_steps=0).tune(views, final)
    np.testing.assert_allclose(tuned.logits, logits.detach(), atol=1e-3)
    np.testing.assert_allclose(tuned.probabilities, logits.detach().softmax(0), atol=1e-4)
    still = clip.tuner(lr=0, weight_decay=0, text_chunk=2).tune(views, final)
    for result in (tuned, still, clip.tuner().tune(views, final)):
        np.testing.assert_allclose(result.unadapted_logits, logits.detach(), atol=1e-3)
    for result in (tuned, still):
        np.testing.assert_array_equal(result.logits, result.unadapted_logits)
        np.testing.assert_array_equal(result.probabilities, result.unadapted_probabilities)
        assert result.entropy_after == result.entropy_before


def test_results_are_float32_of_all_classes_and_sum_to_one(clip: "Clip") -> None:
    tuned = clip.tuner().tune(*clip.video())
    for array in (tuned.logits, tuned.unadapted_logits, tuned.probabilities):
        assert array.shape == (5,)
        assert array.dtype == np.float32
    assert tuned.probabilities.sum() == pytest.approx(1, abs=1e-6)
    assert tuned.unadapted_probabilities.sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("objective", get_args(Objective))
@pytest.mark.parametrize("fusion", get_args(Fusion))
def test_chunks_do_not_change_results(
    clip: "Clip", objective: Objective, fusion: Fusion
) -> None:
    def tune(chunk: int) -> Tuned:
        tuner = clip.tuner(objective=objective, fusion=fusion, text_chunk=chunk, n_steps=2)
        return tuner.tune(*clip.video())

    whole = tune(5)
    assert np.abs(whole.probabilities - whole.unadapted_probabilities).max() > MISTAKE
    for chunk in (1, 3):
        probabilities = tune(chunk).probabilities
        np.testing.assert_allclose(probabilities, whole.probabilities, atol=1e-5)


def test_no_video_leaves_a_trace_in_the_next(clip: "Clip") -> None:
    tuner = clip.tuner(n_steps=3)
    alone = tuner.tune(*clip.video(1))
    other = tuner.tune(*clip.video(2))
    assert not np.array_equal(other.logits, alone.logits)
    assert_same(tuner.tune(*clip.video(1)), alone)
    assert_same(clip.tuner(n_steps=3).tune(*clip.video(1)), alone)


def test_the_network_does_not_change(clip: "Clip") -> None:
    before = fingerprint(clip.network)
    clip.tuner(n_steps=2).tune(*clip.video())
    assert fingerprint(clip.network) == before
    assert all(parameter.grad is None for parameter in clip.network.parameters())


def test_the_initial_features_are_computed_once_for_all_videos(clip: "Clip") -> None:
    calls: list[int] = []
    tower: Network = getattr(clip.network, "text", clip.network)
    videos = [clip.video(1), clip.video(2)]
    with tower.transformer.register_forward_hook(lambda *_: calls.append(1)):
        tuner = clip.tuner(text_chunk=2)
        assert len(calls) == 3
        for views, final in videos:
            tuner.tune(views, final)
    # Per video three chunks with a graph and three of the adapted prompt.
    assert len(calls) == 3 + 2 * 6


def test_equal_views_make_objective_and_share_irrelevant(clip: "Clip") -> None:
    views, final = clip.video()
    same = np.repeat(views[:1], 6, axis=0)
    results = [
        clip.tuner(objective=objective, rho=rho).tune(same, final)
        for objective in get_args(Objective)
        for rho in (0.1, 0.8, 1.0)
    ]
    for result in results:
        assert result.entropy_before == pytest.approx(results[0].entropy_before, abs=1e-5)
        np.testing.assert_allclose(result.probabilities, results[0].probabilities, atol=1e-4)
    assert results[1].selected.tolist() == [0, 1, 2, 3]


def test_one_class_is_certain_and_only_decays(clip: "Clip") -> None:
    tuner = PromptTuner(
        clip.network, clip.tokenize, clip.names[:1], ZarParameters(lr=0.9, weight_decay=1)
    )
    tuned = tuner.tune(*clip.video())
    assert (tuned.entropy_before, tuned.entropy_after) == (0, 0)
    assert tuned.probabilities.tolist() == [1]
    direct = Direct(clip)
    logits = direct.logits(pooled(clip.video()[1])[None], 0.1 * direct.initial)[0, :1]
    np.testing.assert_allclose(tuned.logits, logits.detach(), atol=1e-3)
    assert abs(float(tuned.logits[0] - tuned.unadapted_logits[0])) > MISTAKE


def test_the_first_step_does_not_depend_on_the_scale_of_the_loss(
    clip: "Clip", monkeypatch: pytest.MonkeyPatch
) -> None:
    tuner = clip.tuner(eps=1e-20)
    once = tuner.tune(*clip.video())
    monkeypatch.setitem(
        objective_module.OBJECTIVES, "marginal", lambda logits: 1000 * marginal_entropy(logits)
    )
    scaled = tuner.tune(*clip.video())
    assert scaled.entropy_before == pytest.approx(1000 * once.entropy_before, rel=1e-5)
    np.testing.assert_allclose(scaled.probabilities, once.probabilities, atol=1e-4)


def test_one_step_makes_the_views_more_certain(clip: "Clip") -> None:
    tuner = clip.tuner(lr=1e-3)
    results = [tuner.tune(*clip.video(seed, n_views=48)) for seed in range(24)]
    assert sum(result.entropy_after < result.entropy_before for result in results) >= 22


def test_a_small_step_lowers_the_entropy_along_its_slope(demo: "Clip") -> None:
    # On trained weights: random ones are so curved that 1e-4 is no small step.
    tuner, direct = demo.tuner(lr=1e-4, weight_decay=0, rho=1), Direct(demo)
    for seed in range(5):
        views, final = demo.video(seed, n_views=48)
        tuned = tuner.tune(views, final)
        slope = float(direct.gradient(pooled(views), rho=1).abs().sum())
        change = tuned.entropy_after - tuned.entropy_before
        assert change / (-1e-4 * slope) == pytest.approx(1, abs=0.1)


def assert_recognised(clip: "Clip", lr: float) -> None:
    tuner = clip.tuner(lr=lr)
    for label, text in enumerate(clip.text_features().float().numpy()):
        tuned = tuner.tune(np.tile(text, (48, 2, 1)), np.tile(text, (2, 1)))
        assert tuned.unadapted_probabilities.argmax() == label
        assert tuned.probabilities.argmax() == label


def test_videos_that_show_one_class_and_nothing_else_are_recognised(clip: "Clip") -> None:
    # By the default rate a random model can forget what it was sure of: a step is then a
    # quarter of the spread of its embeddings.
    assert_recognised(clip, lr=1e-3)


def test_the_trained_model_recognises_them_at_the_default_rate(demo: "Clip") -> None:
    assert_recognised(demo, lr=ZarParameters().lr)


def test_the_most_confident_views_are_reported(small: "Clip") -> None:
    views, final = small.video()
    tuned = small.tuner(rho=0.5).tune(views, final)
    direct = Direct(small)
    values = entropies(direct.logits(pooled(views), direct.initial))
    assert tuned.selected.tolist() == values.argsort()[:3].tolist()
    chosen = direct.logits(pooled(views), direct.initial)[tuned.selected]
    assert tuned.entropy_before == pytest.approx(float(marginal_entropy(chosen)), abs=1e-5)
    assert tuned.entropy_after < tuned.entropy_before


def test_each_frame_is_a_view_where_images_are_fused_last(small: "Clip") -> None:
    views, final = small.video()
    tuned = small.tuner(fusion="image", rho=1).tune(views, final)
    assert sorted(tuned.selected.tolist()) == list(range(18))
    pooled_final = small.tuner(fusion="embedding").tune(views, final)
    np.testing.assert_array_equal(tuned.unadapted_logits, pooled_final.unadapted_logits)
    by_frame = small.tuner(fusion="embedding", rho=1).tune(views.reshape(18, 1, -1), final)
    np.testing.assert_array_equal(tuned.logits, by_frame.logits)


def test_decision_is_the_mean_of_the_logits_of_frames(small: "Clip") -> None:
    views, final = small.video()
    tuned = small.tuner(fusion="decision").tune(views, final)
    frames = [small.tuner().tune(views, frame[None]).unadapted_logits for frame in final]
    np.testing.assert_allclose(tuned.unadapted_logits, np.mean(frames, axis=0), atol=1e-4)


def test_views_are_chosen_anew_only_if_asked(small: "Clip") -> None:
    def selected(seed: int, **parameters: int | bool) -> tuple[int, ...]:
        tuner = small.tuner(lr=0.02, rho=0.3, **parameters)
        return tuple(tuner.tune(*small.video(seed, n_views=12)).selected)

    def first(seed: int) -> tuple[int, ...]:
        return selected(seed, n_steps=0)

    assert all(selected(seed, n_steps=4) == first(seed) for seed in range(4))
    assert any(
        selected(seed, n_steps=4, reselect_each_step=True) != first(seed) for seed in range(4)
    )


def test_pooled_views_and_half_precision_banks_are_taken(small: "Clip") -> None:
    views, final = small.video()
    whole = small.tuner().tune(views, final)
    by_view = small.tuner().tune(views.mean(axis=1), final)
    np.testing.assert_allclose(by_view.logits, whole.logits, atol=1e-3)
    half = small.tuner().tune(views.astype(np.float16), final.astype(np.float16))
    np.testing.assert_allclose(half.unadapted_logits, whole.unadapted_logits, atol=0.1)
