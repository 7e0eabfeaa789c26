"""What can be set about the joint space and its training. Free to import: no torch."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from zs_dagster.errors import InputError

InferNorm = Literal["layernorm", "none"]
PadMode = Literal["mask", "zero"]
Loss = Literal["triplet", "infonce"]
Negatives = Literal["per_epoch", "static"]
FrameChoice = Literal["jitter", "first"]
SelectBy = Literal["loss", "retrieval"]
CHOICES: Mapping[str, tuple[str, ...]] = {
    "infer_norm": get_args(InferNorm),
    "pad_mode": get_args(PadMode),
    "loss": get_args(Loss),
    "negatives": get_args(Negatives),
    "frame_choice": get_args(FrameChoice),
    "select_by": get_args(SelectBy),
}


@dataclass(frozen=True)
class JointParameters:
    """Architecture, pairs and training. The defaults are ours, `cezsar-paper` the published.

    Attributes:
        residual: Add the head to plain CLIP, starting at zero; needs frames and sentences of
            one space. Otherwise the head alone is the embedding.
        d_model: Width of the attention over time, a multiple of ``heads``.
        joint: Width of the head; of the joint space as well, unless ``residual``.
        heads: Of the attention.
        feed_forward: Width of its feed-forward part.
        dropout: Before and after the attention and on sentences, in [0, 1).
        inner_dropout: In the attention layer, in [0, 1).
        frames: T, frames per video at most.
        frame_norm: Scale frame features to length 1 first.
        input_relu: Clip frame features at 0 first; for encoders that end in a ReLU.
        infer_norm: ``none`` leaves the last LayerNorms out outside training.
        pad_mode: What fills a short video: frames that are masked, or zeros that count.
        compat_batch_axis: Attend over the batch instead of over time.
        frame_choice: ``jitter`` draws one frame in each of T equal parts of the segment,
            anew in each epoch; ``first`` takes the first T.
        loss: ``triplet`` or ``infonce``.
        margin: Of the triplet loss, > 0.
        temperature: That InfoNCE starts with, > 0; it is learnt.
        negatives: Drawn ``per_epoch`` or once (``static``).
        n_negatives: Per record.
        d_min: Negatives are farther than this from the positive, cosine distance.
        d_max: And nearer than this, at most 2.
        max_tries: Random probes per record before all records are searched.
        replicas: How often each record occurs in an epoch.
        triplets_apart: Shuffle triplets; otherwise all records of a segment stay together
            and share one pass of its frames.
        epochs: At most.
        patience: Epochs without a better one after which training ends.
        select_by: What makes an epoch better; the other decides ties.
        batch: Segments per step, or triplets if they are apart.
        lr: Of AdamW, > 0.
        beta1: Of AdamW, in [0, 1).
        beta2: Of AdamW, in [0, 1).
        eps: Of AdamW, > 0.
        weight_decay: Of AdamW, >= 0.
        gradient_clip: Largest norm of the gradient, 0 for no limit.
        validation_share: Share of the videos that choose the epoch, in (0, 1).
        test_share: Share that is only measured at the end, in [0, 1).
        seed: Of everything random, >= 0.

    Raises:
        InputError: If a value is out of range, or two do not go together.
    """

    residual: bool = True
    d_model: int = 512
    joint: int = 256
    heads: int = 4
    feed_forward: int = 2048
    dropout: float = 0.2
    inner_dropout: float = 0.1
    frames: int = 16
    frame_norm: bool = True
    input_relu: bool = False
    infer_norm: InferNorm = "layernorm"
    pad_mode: PadMode = "mask"
    compat_batch_axis: bool = False
    frame_choice: FrameChoice = "jitter"
    loss: Loss = "triplet"
    margin: float = 1.0
    temperature: float = 0.07
    negatives: Negatives = "per_epoch"
    n_negatives: int = 10
    d_min: float = 0.05
    d_max: float = 0.8
    max_tries: int = 200
    replicas: int = 1
    triplets_apart: bool = False
    epochs: int = 200
    patience: int = 20
    select_by: SelectBy = "loss"
    batch: int = 128
    lr: float = 1e-4
    beta1: float = 0.9
    beta2: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 1e-5
    gradient_clip: float = 1.0
    validation_share: float = 0.2
    test_share: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_kind(field.name, field.default, getattr(self, field.name))
        for name in COUNTS:
            _require(getattr(self, name) >= 1, f"{name} must be >= 1", getattr(self, name))
        for name in POSITIVE:
            _require(getattr(self, name) > 0, f"{name} must be > 0", getattr(self, name))
        for name in SHARES:
            _require(getattr(self, name) < 1, f"{name} must be below 1", getattr(self, name))
        self._check_together()

    def _check_together(self) -> None:
        _require(
            self.d_model % self.heads == 0,
            f"d_model must be a multiple of heads, {self.heads}",
            self.d_model,
        )
        _require(
            self.d_min < self.d_max <= 2,
            f"d_max must be above d_min, {self.d_min}, and at most 2",
            self.d_max,
        )
        held_out = self.validation_share + self.test_share
        _require(held_out < 1, "validation_share and test_share must be below 1", held_out)
        _require(
            not self.residual or self.infer_norm == "layernorm",
            "infer_norm must be layernorm where residual is true",
            repr(self.infer_norm),
        )

    def facts(self) -> dict[str, Any]:
        """Return every value by name, as JSON takes it."""
        return asdict(self)


COUNTS = (
    *("d_model", "joint", "heads", "feed_forward", "frames", "n_negatives", "replicas"),
    *("epochs", "patience", "batch"),
)
POSITIVE = ("margin", "temperature", "d_max", "lr", "eps", "validation_share")
SHARES = ("dropout", "inner_dropout", "beta1", "beta2", "validation_share", "test_share")


def with_overrides(preset: str, given: Mapping[str, Any]) -> JointParameters:
    """Return a preset with some values changed, as a dataset file names them.

    Raises:
        InputError: If the preset or a name is unknown, or a value is not allowed.
    """
    if preset not in PRESETS:
        raise InputError(f"preset must be one of {', '.join(PRESETS)}, got '{preset}'")
    known = [field.name for field in fields(JointParameters)]
    unknown = sorted(str(name) for name in given if name not in known)
    if unknown:
        raise InputError(f"CEZSAR has the parameters {', '.join(known)}; got '{unknown[0]}'")
    return replace(PRESETS[preset], **given)


def _check_kind(name: str, default: object, value: object) -> None:
    """Refuse a value of another kind than the default, below 0 or not finite."""
    if name in CHOICES:
        allowed = CHOICES[name]
        _require(value in allowed, f"{name} must be one of {', '.join(allowed)}", repr(value))
    elif isinstance(default, bool):
        _require(isinstance(value, bool), f"{name} must be true or false", repr(value))
    elif isinstance(default, int):
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        _require(whole, f"{name} must be a whole number >= 0", repr(value))
    else:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        is_kept = number and math.isfinite(value) and value >= 0  # type: ignore[operator,arg-type]
        _require(is_kept, f"{name} must be a finite number >= 0", repr(value))


def _require(is_met: bool, rule: str, value: object) -> None:
    if not is_met:
        raise InputError(f"{rule}, got {value}")


PRESETS: Mapping[str, JointParameters] = {
    "default": JointParameters(),
    "cezsar-paper": JointParameters(
        residual=False,
        d_model=1024,
        joint=128,
        heads=2,
        frame_norm=False,
        input_relu=True,
        infer_norm="none",
        pad_mode="zero",
        compat_batch_axis=True,
        frame_choice="first",
        negatives="static",
        d_min=0.0,
        replicas=3,
        triplets_apart=True,
        gradient_clip=0.0,
        validation_share=0.3,
        test_share=0.0,
    ),
}
