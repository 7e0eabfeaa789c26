"""What a localizer is: from what is known of one video to the segments of each class."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeVar

from zs_dagster.errors import InputError
from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.localization.proposals import Proposals

P = TypeVar("P")

Localize = Callable[[Sequence[ClassScores]], list[Proposals]]
"""Takes the classes that may be answered in one video, gives the proposals of each."""


@dataclass(frozen=True)
class Localizer(Generic[P]):
    """A way from cached scores to segments, and the parameters it has.

    Attributes:
        title: As messages call it.
        presets: Name -> parameters, a frozen dataclass that checks itself; one is `default`.
        start: Parameters and a seed -> what is called video by video. It may remember.
        reads_middle: Whether these parameters make it read the middle question.
        remembers: Whether these parameters make a video depend on those before it.
    """

    title: str
    presets: Mapping[str, P]
    start: Callable[[P, int], Localize]
    reads_middle: Callable[[P], bool] = lambda _: False
    remembers: Callable[[P], bool] = lambda _: False

    def parameters(self, preset: str, given: Mapping[str, Any]) -> P:
        """Take a preset and change some of its parameters by name.

        Raises:
            InputError: If the preset or a name is unknown, or a value is out of its range.
        """
        return overridden(self.title, self.presets, preset, given)


@dataclass(frozen=True)
class EachClass:
    """A `Localize` that answers every class as if it were alone, whatever the others are."""

    localize: Localize

    def __call__(self, classes: Sequence[ClassScores]) -> list[Proposals]:
        """See `Localize`."""
        return self.localize(classes)


def one_by_one(localize: Callable[[ClassScores], Proposals]) -> EachClass:
    """Look at one class after the other."""
    return EachClass(lambda classes: [localize(scores) for scores in classes])


def overridden(
    title: str, presets: Mapping[str, P], preset: str, overrides: Mapping[str, Any]
) -> P:
    """Take a preset and change some of its parameters by name.

    Raises:
        InputError: If the preset or a name is unknown, or a value is out of its range.
    """
    if preset not in presets:
        raise InputError(f"preset must be one of {', '.join(presets)}, got {preset!r}")
    usual: Any = presets["default"]
    defaults = {field.name: getattr(usual, field.name) for field in fields(usual)}
    unknown = sorted(str(name) for name in overrides if name not in defaults)
    if unknown:
        raise InputError(
            f"unknown {title} parameter {', '.join(unknown)}; known are {', '.join(defaults)}"
        )
    chosen: Any = presets[preset]
    changed: P = replace(chosen, **{k: _whole(defaults[k], v) for k, v in overrides.items()})
    return changed


def _whole(default: object, value: Any) -> Any:  # noqa: ANN401 - whatever the user wrote
    """Read 2.0 as 2 where a count is wanted: run configuration knows only numbers."""
    is_count = isinstance(default, int) and not isinstance(default, bool)
    is_fraction = isinstance(value, float) and value.is_integer()
    return int(value) if is_count and is_fraction else value
