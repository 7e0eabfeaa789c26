"""Whether what is to be recognised was trained on: classes, and mentions in captions."""

from collections.abc import Mapping, Sequence

import dagster as dg

from assets.markdown import plain
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.evaluation_sets import EvaluationSet
from zs_dagster.datasets.labels import normalised
from zs_dagster.home import Home

MAX_LISTED = 100


def leaked_classes(
    dataset: Dataset, sources: Sequence[Dataset], sets: Sequence[EvaluationSet]
) -> dict[str, str]:
    """Return the candidate classes that are classes of captioned videos, each with whose.

    Spelling does not matter: "CleanAndJerk" is "clean and jerk".
    """
    trained = {normalised(label): one.name for one in sources for label in one.classes}
    asked = {label for one in sets for label in one.classes}
    return {
        label: trained[normalised(label)]
        for label in dataset.classes
        if label in asked and normalised(label) in trained
    }


def no_leakage(
    home: Home, dataset: Dataset, sources: Sequence[Dataset], leaks: Mapping[str, str]
) -> dg.AssetCheckResult:
    """Return the result of the check; captions that mention a class are only counted."""
    return dg.AssetCheckResult(
        check_name="no_leakage",
        passed=not leaks,
        severity=dg.AssetCheckSeverity.ERROR,
        description=plain(f"{dataset.name}: {len(leaks)} of {len(dataset.classes)} classes"),
        metadata={
            "count": len(leaks),
            "examples": list(leaks)[:MAX_LISTED],
            "mentions": {
                label: n for label, n in _mentions(home, dataset, sources).items() if n
            },
        },
    )


def _mentions(home: Home, dataset: Dataset, sources: Sequence[Dataset]) -> dict[str, int]:
    """Count the captions that hold the words of each class one after the other."""
    texts = [
        f" {normalised(row['caption'])} "
        for one in sources
        if home.tables.has("captions", one.name)
        for row in home.tables.rows("captions", one.name)
    ]
    names = {label: f" {normalised(label)} " for label in dataset.classes}
    return {label: sum(name in text for text in texts) for label, name in names.items()}
