"""Many settings on the same videos: which is best, and is it better than the present one?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from zs_dagster.evaluation.average_precision import evaluate
from zs_dagster.evaluation.bootstrap import (
    Interval,
    Resampling,
    bootstrap_average_map,
    compare_average_map,
)
from zs_dagster.evaluation.grid import Point
from zs_dagster.evaluation.protocols import LocalizationProtocol
from zs_dagster.progress import track
from zs_dagster.segments import LabelledSegments

Predict = Callable[[Point], LabelledSegments]
OPTIMISTIC = (
    "The best of {n} settings on these videos is optimistic: it fits them by chance too. "
    "Choose on validation videos, report on others."
)


@dataclass(frozen=True)
class SweepResult:
    """What one setting is worth.

    Attributes:
        point: The setting.
        average_map: Mean over classes and thresholds, a fraction.
        map_at: The same at each threshold.
        interval: Of the average mAP over videos; None where it was not asked for.
        difference: Average mAP less that of the present setting, on the same resamples.
    """

    point: Point
    average_map: float
    map_at: tuple[float, ...]
    interval: Interval | None = None
    difference: Interval | None = None


def sweep(
    points: Sequence[Point],
    predict: Predict,
    ground_truth: LabelledSegments,
    protocol: LocalizationProtocol,
) -> list[SweepResult]:
    """Evaluate every setting, best first; equal ones keep the order given.

    Args:
        points: Settings; an empty one is the present setting.
        predict: Setting -> scored segments.
        ground_truth: As for `evaluate`.
        protocol: As for `evaluate`.

    Raises:
        InputError: As `evaluate`.
    """
    found = []
    for point in track(points, "sweep", len(points)):
        metrics = evaluate(ground_truth, predict(point), protocol)
        at = tuple(metrics.mean_ap.tolist())
        found.append(SweepResult(point, metrics.average_map, at))
    return sorted(found, key=lambda result: -result.average_map)


def with_intervals(
    results: Sequence[SweepResult],
    predict: Predict,
    ground_truth: LabelledSegments,
    protocol: LocalizationProtocol,
    resampling: Resampling,
) -> list[SweepResult]:
    """Add to each result its interval and the paired difference to the present setting."""
    present = predict({})
    judged = []
    for result in results:
        found = predict(result.point)
        pair = (present, found)
        judged.append(
            replace(
                result,
                interval=bootstrap_average_map(
                    ground_truth, found, protocol, resampling=resampling
                ),
                difference=compare_average_map(
                    ground_truth, pair, protocol, resampling=resampling
                ).difference,
            )
        )
    return judged
