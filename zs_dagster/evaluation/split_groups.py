"""Which evaluation sets are repetitions of one protocol, by their names."""

import re
from collections.abc import Mapping, Sequence

from zs_dagster.evaluation.splits import (
    base_to_novel,
    harmonic_mean,
    over_splits,
)

HALVES = ("/base", "/novel")
_NUMBERED = re.compile(r"(.+?)-\d+|(.*[A-Za-z])\d+")
Number = tuple[str, str, float]
"""Set or group of sets, metric, value."""


def group_of(split: str) -> str | None:
    """Return what numbered sets have in common: ``test*`` for ``test1``, else None.

    The halves of a division are groups of their own: ``base-to-novel*/base``.
    """
    name, slash, half = split.partition("/")
    numbered = _NUMBERED.fullmatch(name)
    return f"{numbered[1] or numbered[2]}*{slash}{half}" if numbered else None


def group_numbers(metric: str, values: Mapping[str, float]) -> list[Number]:
    """Return mean and spread over each group of two sets or more.

    ``_sd`` is that of a sample (ddof 1), ``_sd0`` has ddof 0, as much published code.

    Args:
        metric: Name of the metric, such as ``top1``.
        values: Set -> value, all of one method.
    """
    numbers: list[Number] = []
    for group, members in _groups(list(values)).items():
        if len(members) > 1:
            summary = over_splits([values[name] for name in members])
            spread = {"mean": summary.mean, "sd": summary.sd, "sd0": summary.sd_population}
            numbers += [(group, f"{metric}_{name}", value) for name, value in spread.items()]
    return numbers


def harmonic_numbers(metric: str, values: Mapping[str, float]) -> list[Number]:
    """Return the harmonic mean of base and novel: of each division, and of numbered ones.

    Over numbered divisions it is the harmonic mean of the two means, which published tables
    print; ``_mean_of_harmonic_means`` is beside it.
    """
    pairs = {
        name: (values[name + HALVES[0]], values[name + HALVES[1]])
        for name in dict.fromkeys(split.partition("/")[0] for split in values)
        if all(name + half in values for half in HALVES)
    }
    of = f"{metric}_harmonic_mean"
    numbers: list[Number] = [(name, of, harmonic_mean(*pair)) for name, pair in pairs.items()]
    for group, members in _groups(list(pairs)).items():
        if len(members) > 1:
            both = base_to_novel(*zip(*(pairs[name] for name in members), strict=True))
            numbers.append((group, of, both.harmonic_of_means))
            mean = both.mean_of_harmonics
            numbers.append((group, f"{metric}_mean_of_harmonic_means", mean))
    return numbers


def _groups(splits: Sequence[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for split in splits:
        group = group_of(split)
        if group is not None:
            groups.setdefault(group, []).append(split)
    return groups
