"""One random choice, with the type of what is chosen kept."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Option = TypeVar("Option")


def pick(rng: np.random.Generator, options: Sequence[Option]) -> Option:
    """Return one of the options, each as likely as the others."""
    return options[int(rng.integers(len(options)))]
