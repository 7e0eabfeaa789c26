"""The two branches: a video's frames and a sentence, each to a point of the joint space.

Architecture read from the public code of CEZSAR (github.com/valterlej/cezsar); what differs and
why is in `docs/cezsar.md`.
"""

import math

import torch
from torch import nn
from torch.nn import functional
from typing_extensions import override

from zs_dagster.errors import InputError
from zs_dagster.joint_embedding.draws import Draw, generator
from zs_dagster.joint_embedding.parameters import JointParameters


class VideoBranch(nn.Module):
    """Frames to a vector: linear, attention over time, linear, mean over frames.

    Args:
        frame_dim: D, width of frame features.
        parameters: Sizes and options.
    """

    def __init__(self, frame_dim: int, parameters: JointParameters) -> None:
        super().__init__()
        self._input_relu = parameters.input_relu
        self._batch_axis = parameters.compat_batch_axis
        self.project = nn.Linear(frame_dim, parameters.d_model)
        self.attend = nn.TransformerEncoderLayer(
            parameters.d_model,
            parameters.heads,
            parameters.feed_forward,
            parameters.inner_dropout,
            batch_first=True,
        )
        self.join = nn.Linear(parameters.d_model, parameters.joint)
        self.dropout = nn.Dropout(parameters.dropout)

    @override
    def forward(self, frames: torch.Tensor, is_padding: torch.Tensor) -> torch.Tensor:
        """Return ``(B, joint)`` for frames ``(B, T, D)``; padding ``(B, T)`` is not seen."""
        hidden = self.project(functional.relu(frames) if self._input_relu else frames)
        hidden = self.dropout(hidden)
        if self._batch_axis:
            hidden = self.attend(hidden.transpose(0, 1)).transpose(0, 1)
        else:
            hidden = self.attend(hidden, src_key_padding_mask=is_padding)
        joined = self.join(functional.relu(self.dropout(hidden)))
        return masked_mean(joined, is_padding)


class JointNetwork(nn.Module):
    """Both branches with their norms and, where residual, the way back to the space of CLIP.

    Args:
        frame_dim: D, width of frame features.
        sentence_dim: S, width of sentence features.
        parameters: Sizes, options and the seed of the initial weights.

    Raises:
        InputError: If the residual form is asked for and D and S differ.
    """

    def __init__(self, frame_dim: int, sentence_dim: int, parameters: JointParameters) -> None:
        super().__init__()
        if parameters.residual and frame_dim != sentence_dim:
            raise InputError(
                "residual needs frames and sentences of one space, got widths "
                f"{frame_dim} and {sentence_dim}; set residual to false"
            )
        self.settings = parameters
        with torch.random.fork_rng([]):
            rng = generator(parameters.seed, Draw.WEIGHTS)
            torch.manual_seed(int(rng.integers(2**62)))
            self._build(frame_dim, sentence_dim)

    def _build(self, frame_dim: int, sentence_dim: int) -> None:
        parameters = self.settings
        self.video = VideoBranch(frame_dim, parameters)
        self.sentence = nn.Linear(sentence_dim, parameters.joint)
        self.dropout = nn.Dropout(parameters.dropout)
        self.video_norm = nn.LayerNorm(parameters.joint)
        self.sentence_norm = nn.LayerNorm(parameters.joint)
        for weight in self.parameters():
            if weight.ndim > 1:
                nn.init.xavier_normal_(weight)
        if parameters.residual:
            self.video_back = _silent(parameters.joint, frame_dim)
            self.sentence_back = _silent(parameters.joint, sentence_dim)
        if parameters.loss == "infonce":
            # One axis, as a stored array has at least one.
            start = torch.tensor([math.log(parameters.temperature)])
            self.log_temperature = nn.Parameter(start)

    def embed_videos(
        self, frames: torch.Tensor, is_padding: torch.Tensor, *, with_norm: bool = True
    ) -> torch.Tensor:
        """Return ``(B, J)``: J is ``joint``, or D where residual.

        Args:
            frames: Shape ``(B, T, D)``, un-normalised; padded frames are zero.
            is_padding: Shape ``(B, T)``; a video has at least one frame.
            with_norm: Apply the last LayerNorm.
        """
        if self.settings.frame_norm:
            frames = functional.normalize(frames, dim=-1)
        if self.settings.pad_mode == "zero":
            is_padding = torch.zeros_like(is_padding)
        head: torch.Tensor = self.video(frames, is_padding)
        head = self.video_norm(head) if with_norm else head
        if not self.settings.residual:
            return head
        plain = functional.normalize(masked_mean(frames, is_padding), dim=-1)
        embedded: torch.Tensor = plain + self.video_back(head)
        return embedded

    def embed_sentences(
        self, features: torch.Tensor, *, with_norm: bool = True
    ) -> torch.Tensor:
        """Return ``(B, J)`` for un-normalised sentence features ``(B, S)``."""
        if self.settings.residual:
            features = functional.normalize(features, dim=-1)
        head: torch.Tensor = self.sentence(self.dropout(features))
        head = self.sentence_norm(head) if with_norm else head
        return features + self.sentence_back(head) if self.settings.residual else head


def masked_mean(values: torch.Tensor, is_padding: torch.Tensor) -> torch.Tensor:
    """Average ``(B, T, J)`` over the frames that are no padding."""
    weight = (~is_padding).to(values.dtype)[..., None]
    return (values * weight).sum(1) / weight.sum(1)


def _silent(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
