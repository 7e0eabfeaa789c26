"""A trained joint space that embeds videos and sentences, and what it is stored as."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from zs_dagster.errors import InputError, ModelError
from zs_dagster.joint_embedding.network import JointNetwork
from zs_dagster.joint_embedding.parameters import JointParameters

FORMAT = 1
BATCH = 256
Features = NDArray[np.float32]


class JointModel:
    """A joint space; numpy in, numpy out, always in evaluation mode.

    Args:
        network: The branches; set to evaluation mode.
        parameters: How they were built and trained.
        frame_dim: D, width of frame features.
        sentence_dim: S, width of sentence features.
    """

    def __init__(
        self,
        network: JointNetwork,
        parameters: JointParameters,
        frame_dim: int,
        sentence_dim: int,
    ) -> None:
        self.network = network.eval()
        self.parameters = parameters
        self.frame_dim, self.sentence_dim = frame_dim, sentence_dim

    @classmethod
    def initial(
        cls, frame_dim: int, sentence_dim: int, parameters: JointParameters
    ) -> "JointModel":
        """Return a model before training; where residual, it is plain CLIP.

        Raises:
            InputError: If the widths do not fit the parameters.
        """
        network = JointNetwork(frame_dim, sentence_dim, parameters)
        return cls(network, parameters, frame_dim, sentence_dim)

    @classmethod
    def from_entry(
        cls, arrays: Mapping[str, NDArray[Any]], document: Mapping[str, Any]
    ) -> "JointModel":
        """Return the model that `arrays` and `document` wrote.

        Raises:
            ModelError: If an array or field is missing, unknown, or does not fit.
        """
        try:
            model = cls._described(document)
        except (InputError, TypeError) as error:
            raise ModelError(f"the joint model cannot be read: {error}") from error
        wanted = model.network.state_dict()
        for name in sorted(wanted.keys() | arrays.keys()):
            _check_array(name, arrays.get(name), wanted.get(name))
        model.network.load_state_dict({k: torch.tensor(v) for k, v in arrays.items()})
        return model

    @classmethod
    def _described(cls, document: Mapping[str, Any]) -> "JointModel":
        known = {"format", "frame_dim", "sentence_dim", "joint_dim", "parameters"}
        off = sorted(known ^ document.keys())
        if off:
            is_missing = off[0] in known
            raise ModelError(
                f"the joint model {'lacks' if is_missing else 'has'} the "
                f"{'' if is_missing else 'unknown '}field '{off[0]}'; train it anew"
            )
        if document["format"] != FORMAT:
            raise ModelError(
                f"the joint model must have format {FORMAT}, got {document['format']!r}; "
                "train it anew"
            )
        widths = document["frame_dim"], document["sentence_dim"]
        if not all(type(width) is int and width >= 1 for width in widths):
            raise ModelError(
                f"frame_dim and sentence_dim must be whole numbers >= 1, got {widths}"
            )
        model = cls.initial(*widths, JointParameters(**document["parameters"]))
        if document["joint_dim"] != model.joint_dim:
            raise ModelError(
                f"joint_dim must be {model.joint_dim} by the other fields, got "
                f"{document['joint_dim']!r}"
            )
        return model

    @property
    def joint_dim(self) -> int:
        """J, width of the joint space."""
        return self.frame_dim if self.parameters.residual else self.parameters.joint

    @property
    def _with_norm(self) -> bool:
        return self.parameters.infer_norm == "layernorm"

    def arrays(self) -> dict[str, Features]:
        """Return copies of the weights by name."""
        return {k: v.detach().numpy().copy() for k, v in self.network.state_dict().items()}

    def document(self) -> dict[str, Any]:
        """Return all that is needed beside the arrays, as JSON takes it."""
        return {
            "format": FORMAT,
            "frame_dim": self.frame_dim,
            "sentence_dim": self.sentence_dim,
            "joint_dim": self.joint_dim,
            "parameters": self.parameters.facts(),
        }

    def untrained(self) -> "JointModel":
        """Return the model as it was before training."""
        return self.initial(self.frame_dim, self.sentence_dim, self.parameters)

    def embed_videos(self, frames: Sequence[NDArray[Any]]) -> Features:
        """Embed N videos.

        Args:
            frames: One ``(T_i, D)`` array each, un-normalised, in order of time; T_i is 1 to
                ``parameters.frames``.

        Returns:
            Shape ``(N, J)``, un-normalised.

        Raises:
            InputError: If a video has no frames, too many, or of another width.
        """
        for video in frames:
            self._check_video(video)
        # The published model attends over the batch, and is tested on one video at a time.
        size = 1 if self.parameters.compat_batch_axis else BATCH
        parts = [
            self._embed_batch(frames[start : start + size])
            for start in range(0, len(frames), size)
        ]
        return np.concatenate([np.zeros((0, self.joint_dim), np.float32), *parts])

    def embed_sentences(self, features: NDArray[Any]) -> Features:
        """Embed sentences: ``(N, S)`` un-normalised features to ``(N, J)``.

        Raises:
            InputError: If the features are of another width.
        """
        if features.ndim != 2 or features.shape[1] != self.sentence_dim:
            raise InputError(
                f"sentence features must have shape (N, {self.sentence_dim}), "
                f"got {features.shape}"
            )
        with torch.inference_mode():
            rows = torch.tensor(np.asarray(features, dtype=np.float32))
            embedded = self.network.embed_sentences(rows, with_norm=self._with_norm)
            return np.asarray(embedded.numpy())

    def _embed_batch(self, frames: Sequence[NDArray[Any]]) -> Features:
        width = self.parameters.frames
        padded = np.zeros((len(frames), width, self.frame_dim), dtype=np.float32)
        is_padding = np.ones((len(frames), width), dtype=np.bool_)
        for row, video in enumerate(frames):
            padded[row, : len(video)] = video
            is_padding[row, : len(video)] = False
        with torch.inference_mode():
            embedded = self.network.embed_videos(
                torch.from_numpy(padded),
                torch.from_numpy(is_padding),
                with_norm=self._with_norm,
            )
            return np.asarray(embedded.numpy())

    def _check_video(self, video: NDArray[Any]) -> None:
        most = self.parameters.frames
        is_kept = video.ndim == 2 and 1 <= len(video) <= most
        if not is_kept or video.shape[1] != self.frame_dim:
            raise InputError(
                f"a video must have 1 to {most} frames of {self.frame_dim} numbers, got shape "
                f"{video.shape}"
            )


def _check_array(name: str, got: NDArray[Any] | None, wanted: torch.Tensor | None) -> None:
    if got is None or wanted is None:
        verb = "lacks the" if got is None else "has the unknown"
        raise ModelError(f"the joint model {verb} array '{name}'; train it anew")
    if got.shape != tuple(wanted.shape) or got.dtype != np.float32:
        raise ModelError(
            f"array '{name}' of the joint model must be float32 {tuple(wanted.shape)}, got "
            f"{got.dtype} {got.shape}"
        )
    if not np.isfinite(got).all():
        raise ModelError(f"array '{name}' of the joint model must be finite; train it anew")
