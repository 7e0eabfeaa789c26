"""How the questions about one frame share their beginning.

    prefix (system text, image, common words)   0 ... P-1
      |- suffix of question 0                   P, P+1, ...
      |- suffix of question 1                   P, P+1, ...     <- positions start over

A plan depends on the questions and on the image token layout, not on the pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch


@dataclass(frozen=True, eq=False)
class Plan:
    """Q prompts as one prefix of P tokens and Q suffixes, together L tokens.

    Attributes:
        prefix: P token ids, the whole image among them.
        suffixes: Q lists of token ids, none empty; the last one asks for the answer. Fillers
            may follow, which nobody reads.
        positions: Position ids of the longest prompt alone, ``(n,)``, or ``(3, n)`` where the
            model counts time, height and width apart.
        fillers: How many of the suffixes are none of the questions.
        multiple: What L was filled up to a multiple of.
    """

    prefix: list[int]
    suffixes: list[list[int]]
    positions: torch.Tensor
    fillers: int = 0
    multiple: int = 1

    def filled_up(self, multiple: int) -> "Plan":
        """Add suffixes of one token until L is a multiple, for a model of fixed shapes."""
        missing = -len(self.ids) % multiple
        suffixes = [*self.suffixes, *([self.suffixes[0][:1]] * missing)]
        return Plan(self.prefix, suffixes, self.positions, missing, multiple)

    def part(self, start: int, stop: int) -> "Plan":
        """Plan some of the questions alone, under the same prefix, filled up as this one."""
        asked = Plan(self.prefix, self.asked[start:stop], self.positions)
        return asked.filled_up(self.multiple) if self.multiple > 1 else asked

    @property
    def asked(self) -> list[list[int]]:
        """The suffixes of the Q questions."""
        return self.suffixes[: len(self.suffixes) - self.fillers]

    @cached_property
    def ids(self) -> torch.Tensor:
        """Packed token ids, ``(L,)``."""
        tokens = [*self.prefix, *(token for suffix in self.suffixes for token in suffix)]
        return torch.tensor(tokens, device=self.positions.device)

    @cached_property
    def branch(self) -> torch.Tensor:
        """Question each packed token belongs to, ``(L,)``; -1 in the prefix."""
        owners = [[q] * len(suffix) for q, suffix in enumerate(self.suffixes)]
        flat = [-1] * len(self.prefix) + [q for owner in owners for q in owner]
        return torch.tensor(flat, device=self.positions.device)

    @cached_property
    def index(self) -> torch.Tensor:
        """Where each packed token would stand in its own prompt, ``(L,)``."""
        size = len(self.prefix)
        depths = [size + depth for suffix in self.suffixes for depth in range(len(suffix))]
        return torch.tensor([*range(size), *depths], device=self.positions.device)

    @cached_property
    def packed_positions(self) -> torch.Tensor:
        """Positions of the packed tokens, ``(L,)`` or ``(3, L)``; each suffix starts over."""
        return self.positions[..., self.index]

    @cached_property
    def answers(self) -> torch.Tensor:
        """Packed index of the last token of each question, ``(Q,)``."""
        lengths = torch.tensor([len(suffix) for suffix in self.asked])
        return (len(self.prefix) + lengths.cumsum(0) - 1).to(self.positions.device)


def shared_length(sequences: Sequence[Sequence[int]]) -> int:
    """Count the leading tokens that all sequences share, leaving at least one to each.

    The last token must stay outside: the answer is read from it.
    """
    limit = min(map(len, sequences)) - 1
    first = sequences[0]
    for place in range(limit):
        if any(sequence[place] != first[place] for sequence in sequences):
            return place
    return limit
