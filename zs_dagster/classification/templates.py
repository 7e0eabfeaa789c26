"""Sentences around a class name: presets, lists of one's own, descriptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zs_dagster.errors import InputError
from zs_dagster.segments import FloatArray

PLACE = "{}"
MEDIA = ("photo", "video", "example", "demonstration")
VERBS = ("", "using ", "doing ", "during ", "performing ", "practicing ")


def kinetics_templates() -> tuple[str, ...]:
    """Return the 28 templates that CLIP was evaluated with on Kinetics-700.

    "a example" is how the published list has it (openai/CLIP, data/prompts.md).
    """
    bare = [f"a {medium} of {PLACE}." for medium in MEDIA]
    person = [f"a {medium} of a person {verb}{PLACE}." for medium in MEDIA for verb in VERBS]
    return (*bare, *person)


def ucf_templates() -> tuple[str, ...]:
    """Return the 48 templates that CLIP was evaluated with on UCF101, from the same list."""
    people = [f"{article} person {verb}" for article in ("a", "the") for verb in VERBS]
    return tuple(f"a {medium} of {person}{PLACE}." for medium in MEDIA for person in people)


PRESETS: Mapping[str, tuple[str, ...]] = {
    "single": (f"a video of a {PLACE}.",),
    "action": (f"a video of a person {PLACE}.",),
    "kinetics28": kinetics_templates(),
    "ucf48": ucf_templates(),
    "bare": (PLACE,),
    "bike": (f"this is a video about {PLACE}",),
}


@dataclass(frozen=True, eq=False)
class Prompts:
    """N sentences for G things, which are classes or names of classes.

    Attributes:
        sentences: N texts to encode.
        group: Shape ``(N,)``, which thing each is about, in 0 … G-1.
        weight: Shape ``(N,)``, how much each counts in its group, > 0.
    """

    sentences: tuple[str, ...]
    group: NDArray[np.int64]
    weight: FloatArray


def templates_of(choice: str | Sequence[str]) -> tuple[str, ...]:
    """Return the templates of a preset, or check a list of one's own.

    Args:
        choice: A key of `PRESETS`, or templates with ``{}`` where the name goes.

    Raises:
        InputError: If the preset is unknown, or a template has not exactly one ``{}`` or comes
            twice.
    """
    if isinstance(choice, str):
        if choice not in PRESETS:
            raise InputError(
                f"templates must be one of {', '.join(PRESETS)} or a list, got '{choice}'"
            )
        return PRESETS[choice]
    for template in choice:
        if not isinstance(template, str) or template.count(PLACE) != 1:
            raise InputError(f"a template must have {PLACE} exactly once, got {template!r}")
    if not choice or len(set(choice)) != len(choice):
        raise InputError(f"templates must be one or more and differ, got {list(choice)}")
    return tuple(choice)


def template_prompts(names: Sequence[str], templates: Sequence[str]) -> Prompts:
    """Put each name into each template: name by name, in the order of the templates."""
    sentences = [template.replace(PLACE, name) for name in names for template in templates]
    group = np.repeat(np.arange(len(names)), len(templates))
    return Prompts(tuple(sentences), group, np.ones(len(sentences)))


def description_prompts(
    labels: Sequence[str],
    descriptions: Mapping[str, Sequence[str]],
    weights: Mapping[str, Sequence[float]] | None = None,
) -> Prompts:
    """Take sentences that somebody wrote for each class, such as an LLM.

    Args:
        labels: Classes; group g is the g-th of them.
        descriptions: Label -> one or more sentences.
        weights: Label -> one number > 0 per sentence; a class without counts all alike.

    Raises:
        InputError: If a class has no sentence, a sentence is empty, or weights do not fit.
    """
    chosen = weights or {}
    rows = [
        (sentence, group, weight)
        for group, label in enumerate(labels)
        for sentence, weight in _described(label, descriptions.get(label, ()), chosen)
    ]
    sentences, groups, counted = zip(*rows, strict=True)
    return Prompts(sentences, np.array(groups, dtype=np.int64), np.array(counted, np.float64))


def _described(
    label: str, sentences: Sequence[str], weights: Mapping[str, Sequence[float]]
) -> list[tuple[str, float]]:
    if isinstance(sentences, str) or not sentences or not all(s.strip() for s in sentences):
        raise InputError(
            f"class '{label}' must have a list of one or more descriptions, none of them "
            f"empty, got {sentences!r}"
        )
    shares = weights.get(label, [1.0] * len(sentences))
    if len(shares) != len(sentences) or not all(0 < share < np.inf for share in shares):
        raise InputError(
            f"weights of class '{label}' must be {len(sentences)} finite numbers > 0, got "
            f"{list(shares)}"
        )
    return list(zip(sentences, shares, strict=True))
