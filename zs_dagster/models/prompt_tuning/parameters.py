"""What can be set about ZAR. Free to import: no torch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from zs_dagster.errors import InputError

Objective = Literal["marginal", "mean"]
Fusion = Literal["embedding", "decision", "image"]


@dataclass(frozen=True)
class ZarParameters:
    """Settings of the adaptation; the defaults are the paper's, then those of TPT.

    Attributes:
        rho: Share of views that adapt the prompt, the most confident ones, in (0, 1].
        objective: ``marginal`` is the entropy of the mean prediction, which rewards views that
            agree; ``mean`` the mean entropy of the predictions.
        n_steps: Optimiser steps per video, >= 0; 0 is plain CLIP.
        lr: Learning rate of AdamW, >= 0. The first step moves each coordinate by about `lr`.
        weight_decay: Of AdamW, >= 0.
        betas: Of AdamW, each in [0, 1).
        eps: Of AdamW, > 0.
        ctx_init: Words before the class name, whose embeddings are tuned.
        suffix: What follows the class name.
        fusion: How the frames of a view become one prediction. ``embedding``: mean of features.
            ``decision``: mean of frame logits. ``image``: not at all, each frame is a view;
            the final view is then fused as by ``embedding``.
        reselect_each_step: Choose the views anew before each step, instead of once.
        text_chunk: Classes per pass through the text tower; ``auto`` fits a memory budget.
            Memory and speed only.

    Raises:
        InputError: If a value is out of range.
    """

    rho: float = 0.8
    objective: Objective = "marginal"
    n_steps: int = 1
    lr: float = 5e-3
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    ctx_init: str = "a video of a"
    suffix: str = "."
    fusion: Fusion = "embedding"
    reselect_each_step: bool = False
    text_chunk: int | Literal["auto"] = "auto"

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "ZarParameters":
        """Return the defaults with some changed, as a dataset file names them.

        Raises:
            InputError: If a name is unknown, or a value is of another kind or out of range.
        """
        known = [one.name for one in fields(cls)]
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise InputError(f"ZAR has the parameters {', '.join(known)}; got '{unknown[0]}'")
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in given.items()
        }
        try:
            return cls(**values)
        except TypeError as error:
            raise InputError(f"a parameter of ZAR is no number, got {dict(given)}") from error

    def __post_init__(self) -> None:
        self._check_kinds()
        _require(0 < self.rho <= 1, "rho must be in (0, 1]", self.rho)
        _require_one_of("objective", self.objective, get_args(Objective))
        _require_one_of("fusion", self.fusion, get_args(Fusion))
        _require(self.n_steps >= 0, "n_steps must be >= 0", self.n_steps)
        _require(0 <= self.lr < math.inf, "lr must be finite and >= 0", self.lr)
        decay = self.weight_decay
        _require(0 <= decay < math.inf, "weight_decay must be finite and >= 0", decay)
        is_pair = len(self.betas) == 2 and all(0 <= beta < 1 for beta in self.betas)
        _require(is_pair, "betas must be two numbers in [0, 1)", self.betas)
        _require(0 < self.eps < math.inf, "eps must be finite and > 0", self.eps)
        _require(bool(self.ctx_init.strip()), "ctx_init must have a word", repr(self.ctx_init))
        is_chunk = self.text_chunk == "auto" or (
            isinstance(self.text_chunk, int) and self.text_chunk >= 1
        )
        _require(is_chunk, "text_chunk must be 'auto' or >= 1", repr(self.text_chunk))

    def _check_kinds(self) -> None:
        """Refuse what would be taken for a number, or fail only at the first video."""
        whole = type(self.n_steps) is int
        _require(whole, "n_steps must be a whole number", repr(self.n_steps))
        for name in ("ctx_init", "suffix"):
            value = getattr(self, name)
            _require(isinstance(value, str), f"{name} must be a text", repr(value))
        flag = self.reselect_each_step
        _require(isinstance(flag, bool), "reselect_each_step must be true or false", repr(flag))


def _require(is_met: bool, rule: str, value: object) -> None:
    if not is_met:
        raise InputError(f"{rule}, got {value}")


def _require_one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    _require(value in allowed, f"{name} must be one of {', '.join(allowed)}", repr(value))
