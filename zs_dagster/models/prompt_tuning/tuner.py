"""ZAR: adapt the context of the prompts to one video, then classify it.

Source: ZAR, section on test-time prompt tuning; the objective as in TPT (arXiv:2209.07511).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.clip import Network
from zs_dagster.models.prompt_tuning.class_features import ClassFeatures
from zs_dagster.models.prompt_tuning.context import Tokenize, build_prompts
from zs_dagster.models.prompt_tuning.fusion import fuse
from zs_dagster.models.prompt_tuning.objective import objective_value, select_confident
from zs_dagster.models.prompt_tuning.parameters import ZarParameters
from zs_dagster.models.prompt_tuning.text_tower import TextTower
from zs_dagster.models.protocols import FeatureArray


@dataclass(frozen=True, eq=False)
class Tuned:
    """What is known of one video, before and after its adaptation.

    Attributes:
        logits: Of the final view with the adapted prompt, shape ``(K,)``.
        probabilities: Their softmax.
        unadapted_logits: The same with the initial prompt: plain CLIP.
        unadapted_probabilities: Their softmax.
        selected: Indices of the views that adapted the prompt last, most confident first.
        entropy_before: The objective over these views with the initial prompt, nats.
        entropy_after: The same with the adapted prompt.
        is_skipped: Whether a step was not taken, as its gradient, or the features it led to,
            were not finite; what is reported as adapted lacks this step and those after it.
    """

    logits: FeatureArray
    probabilities: FeatureArray
    unadapted_logits: FeatureArray
    unadapted_probabilities: FeatureArray
    selected: NDArray[np.int64]
    entropy_before: float
    entropy_after: float
    is_skipped: bool


class PromptTuner:
    """Classifies videos by prompts tuned to each; no video leaves a trace in the next.

    The network is set to evaluation mode and its parameters are frozen.

    Args:
        network: A model of open_clip.
        tokenize: Its tokenizer.
        class_names: K classes; their order is that of all results.
        parameters: Of the method.

    Raises:
        InputError: If there is no class, or a blank one.
        ModelError: If the text tower is of a kind that cannot be tuned, its features are not
            finite, or a prompt is longer than it takes.
    """

    def __init__(
        self,
        network: Network,
        tokenize: Tokenize,
        class_names: Sequence[str],
        parameters: ZarParameters | None = None,
    ) -> None:
        self._parameters = parameters = parameters or ZarParameters()
        network.eval().requires_grad_(False)
        tower = TextTower(network)
        prompts = build_prompts(
            tower, tokenize, class_names, parameters.ctx_init, parameters.suffix
        )
        self._device = tower.device
        self._scale, self._bias = _scale_and_bias(network)
        self._classes = ClassFeatures(tower, prompts, parameters.text_chunk)
        self._initial_context = self._classes.initial_context()
        # The same for all videos.
        self._initial_features = self._classes.encode(self._initial_context)
        if not _is_finite(self._initial_features):
            raise ModelError(
                "text features must be finite, got NaN or infinity; use float32 weights"
            )

    def tune(self, views: FeatureArray, final: FeatureArray) -> Tuned:
        """Adapt the prompt to the views of a video and classify its final view.

        Args:
            views: Un-normalised features of frames, ``(V, F, D)``, or of views, ``(V, D)``,
                where fusion is ``embedding``.
            final: Un-normalised features of the frames of the final view, ``(F, D)``.

        Returns:
            Both the adapted and the unadapted prediction.

        Raises:
            InputError: If a shape does not fit.
            ModelError: If a feature is not finite or zero.
        """
        fusion = self._parameters.fusion
        rows = fuse(torch.tensor(views, device=self._device), fusion)
        whole = "embedding" if fusion == "image" else fusion
        last = fuse(torch.tensor(final, device=self._device)[None], whole)
        features, selected, is_skipped = self._adapt(rows)
        before, after = self._logits(last, self._initial_features), self._logits(last, features)
        chosen = rows[selected]
        return Tuned(
            logits=_numpy(after[0]),
            probabilities=_numpy(after[0].softmax(dim=-1)),
            unadapted_logits=_numpy(before[0]),
            unadapted_probabilities=_numpy(before[0].softmax(dim=-1)),
            selected=_numpy(selected),
            entropy_before=float(self._objective(chosen, self._initial_features)),
            entropy_after=float(self._objective(chosen, features)),
            is_skipped=is_skipped,
        )

    def _adapt(self, rows: Tensor) -> tuple[Tensor, Tensor, bool]:
        """Return the adapted class features, the views used, and whether a step was skipped."""
        parameters = self._parameters
        context = self._initial_context.clone()
        optimizer = torch.optim.AdamW(
            [context],
            lr=parameters.lr,
            betas=parameters.betas,
            eps=parameters.eps,
            weight_decay=parameters.weight_decay,
        )
        features = self._initial_features
        selected = select_confident(self._logits(rows, features), parameters.rho)
        for step in range(parameters.n_steps):
            if step and parameters.reselect_each_step:
                selected = select_confident(self._logits(rows, features), parameters.rho)
            slopes = self._slopes(features, rows[selected])
            context.grad = (
                self._classes.pull_back_from_start(slopes)
                if parameters.n_steps == 1
                else self._classes.pull_back(context, slopes)
            )
            if not _is_finite(context.grad):
                return features, selected, True
            optimizer.step()
            moved = self._classes.encode(context)
            if not _is_finite(moved):
                return features, selected, True
            features = moved
        return features, selected, False

    def _slopes(self, features: Tensor, rows: Tensor) -> Tensor:
        """Return the gradient of the objective with respect to the class features."""
        leaf = features.detach().requires_grad_()
        return torch.autograd.grad(self._objective(rows, leaf), leaf)[0]

    def _objective(self, rows: Tensor, features: Tensor) -> Tensor:
        return objective_value(self._logits(rows, features), self._parameters.objective)

    def _logits(self, rows: Tensor, features: Tensor) -> Tensor:
        """Return ``(V, K)`` logits of V rows."""
        if rows.shape[1] != features.shape[1]:
            raise InputError(
                f"features of frames must have the {features.shape[1]} dimensions of the "
                f"texts, got {rows.shape[1]}; use features of the same CLIP model"
            )
        return self._scale * rows @ normalize(features, dim=-1).T + self._bias


def _scale_and_bias(network: Network) -> tuple[float, float]:
    bias = getattr(network, "logit_bias", None)
    return float(network.logit_scale.exp()), 0.0 if bias is None else float(bias)


def _numpy(tensor: Tensor) -> NDArray[Any]:
    return tensor.cpu().numpy()


def _is_finite(tensor: Tensor) -> bool:
    return bool(tensor.isfinite().all())
