"""The random protocol 0/x: x classes drawn at random, none of them trained on.

All videos of the drawn classes are evaluated, as in ZSARCap and CEZSAR.
"""

import numpy as np

from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import DatasetError


def random_classes(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """Draw the classes of each repetition, by the name of its set: ``random-51-0``.

    A repetition depends on the seed and its number alone: more repetitions keep the first.

    Raises:
        DatasetError: If more classes are asked for than there are; with file and line.
    """
    options, labels = dataset.classification.random_classes, dataset.classes
    if options is None:
        return {}
    if options.count > len(labels):
        place = dataset.place("classification", "random_classes", "count")
        raise DatasetError(
            f"{place}: count must be at most {len(labels)}, the number of classes, got "
            f"{options.count}"
        )
    return {
        f"random-{options.count}-{number}": _drawn(labels, options.count, options.seed, number)
        for number in range(options.repeats)
    }


def _drawn(labels: tuple[str, ...], count: int, seed: int, number: int) -> tuple[str, ...]:
    rng = np.random.default_rng([seed, number])
    places = rng.choice(len(labels), count, replace=False)
    return tuple(labels[place] for place in np.sort(places))
