"""Every protocol once more, step by step with plain loops: slow, and sharing no code.

Written from what the reference codes do, named at each function. Rows are
``(video, label, start, end, score)``.
"""

from collections.abc import Callable, Sequence

Row = tuple[str, str, float, float, float]
Scores = dict[str, list[float]]
"""Class -> average precision at each threshold, fractions; its mean is the number."""

THUMOS = [0.3, 0.4, 0.5, 0.6, 0.7]
ACTIVITYNET = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]


def overlap(a: Row, b: Row) -> float:
    inter = max(0.0, min(a[3], b[3]) - max(a[2], b[2]))
    union = (a[3] - a[2]) + (b[3] - b[2]) - inter
    return inter / union if union else 0.0


def ap_of(truth: list[Row], queue: list[Row], threshold: float, *, last_of_ties: bool) -> float:
    """`compute_average_precision_detection` of the ActivityNet toolkit, which all share."""
    taken: set[int] = set()
    recall, precision = [0.0], [0.0]
    for rank, prediction in enumerate(queue, start=1):
        best, best_overlap = -1, -1.0
        for i, segment in enumerate(truth):
            if segment[0] != prediction[0] or i in taken:
                continue
            value = overlap(prediction, segment)
            if value >= threshold and (
                value > best_overlap or (value == best_overlap and last_of_ties)
            ):
                best, best_overlap = i, value
        if best >= 0:
            taken.add(best)
        recall.append(len(taken) / len(truth))
        precision.append(len(taken) / rank)
    recall.append(1.0)
    precision.append(0.0)
    for i in range(len(precision) - 2, -1, -1):
        precision[i] = max(precision[i], precision[i + 1])
    return sum((recall[i] - recall[i - 1]) * precision[i] for i in range(1, len(recall)))


def _by_rank(found: list[Row]) -> list[Row]:
    return sorted(found, key=lambda row: (-row[4], row[0], row[2], row[3]))


def _later_first(found: list[Row]) -> list[Row]:
    """``score.argsort()[::-1]``, where the sort is stable."""
    order = sorted(range(len(found)), key=lambda i: (-found[i][4], -i))
    return [found[i] for i in order]


def _scores(
    truth: list[Row],
    found: list[Row],
    classes: Sequence[str],
    thresholds: list[float],
    *,
    later: bool,
) -> Scores:
    if not later:
        truth = sorted(truth, key=lambda row: (row[0], row[2], row[3]))
    scores: Scores = {}
    for label in classes:
        ours = [row for row in truth if row[1] == label]
        queue = [row for row in found if row[1] == label]
        if ours:
            ranked = _later_first(queue) if later else _by_rank(queue)
            scores[label] = [ap_of(ours, ranked, t, last_of_ties=later) for t in thresholds]
    return scores


def _labels(truth: list[Row], classes: Sequence[str] | None) -> list[str]:
    return sorted({row[1] for row in truth}) if classes is None else list(classes)


Mode = Callable[[list[Row], list[Row], Sequence[str] | None, Sequence[str]], Scores]


def activitynet(
    truth: list[Row], found: list[Row], classes: Sequence[str] | None, _: Sequence[str]
) -> Scores:
    """The toolkit, with ties decided by video, start and end."""
    return _scores(truth, found, _labels(truth, classes), ACTIVITYNET, later=False)


def activitynet_3(
    truth: list[Row], found: list[Row], classes: Sequence[str] | None, _: Sequence[str]
) -> Scores:
    return _scores(truth, found, _labels(truth, classes), [0.5, 0.75, 0.95], later=False)


def thumos14(
    truth: list[Row], found: list[Row], classes: Sequence[str] | None, _: Sequence[str]
) -> Scores:
    return _scores(truth, found, _labels(truth, classes), THUMOS, later=False)


def zeal_paper(
    truth: list[Row], found: list[Row], classes: Sequence[str] | None, _: Sequence[str]
) -> Scores:
    """`run.py`: ``if n_pred < n_gt`` the truth is that of the predicted videos."""
    predicted = {row[0] for row in found}
    if len(predicted) < len({row[0] for row in truth}):
        truth = [row for row in truth if row[0] in predicted] or truth
    return _scores(truth, found, _labels(truth, classes), THUMOS, later=True)


def t3al(
    truth: list[Row], found: list[Row], classes: Sequence[str] | None, listed: Sequence[str]
) -> Scores:
    """`src/evaluate.py`: keys of the predictions, all classes of the split, one decimal."""
    names = _labels(truth, classes)
    keys = {*listed, *(row[0] for row in found)}
    truth = [row for row in truth if row[0] in keys] or truth
    scores = dict.fromkeys(names, [0.0] * len(THUMOS))
    for label, values in _scores(truth, found, names, THUMOS, later=True).items():
        scores[label] = [_one_decimal(100 * value) / 100 for value in values]
    return scores


def _one_decimal(percent: float) -> float:
    """As numpy rounds: times ten, to the nearest whole number, even of two."""
    return round(percent * 10) / 10


def opentad(
    truth: list[Row], found: list[Row], classes: Sequence[str] | None, _: Sequence[str]
) -> Scores:
    """`builder.py` drops repeats and what lasts no time; `mAP.py` drops blocked videos."""
    blocked = ["video_test_0000270", "video_test_0001292"]
    truth = [row for row in truth if row[0] not in blocked]
    found = [row for row in found if row[0] not in blocked]
    truth = _first_of_repeats(truth, lambda row: row[3] - row[2] > 0)
    return _scores(truth, found, _labels(truth, classes), THUMOS, later=True)


def actionformer(
    truth: list[Row], found: list[Row], classes: Sequence[str] | None, _: Sequence[str]
) -> Scores:
    """`metrics.py` drops repeats and what is shorter than a millisecond."""
    truth = _first_of_repeats(truth, lambda row: row[3] - row[2] >= 0.001)
    return _scores(truth, found, _labels(truth, classes), THUMOS, later=True)


def _first_of_repeats(truth: list[Row], is_long: Callable[[Row], bool]) -> list[Row]:
    kept: list[Row] = []
    for row in truth:
        is_repeat = any(
            row[:2] == other[:2]
            and abs(row[2] - other[2]) <= 0.001
            and abs(row[3] - other[3]) <= 0.001
            for other in kept
        )
        if is_long(row) and not is_repeat:
            kept.append(row)
    return kept


MODES: dict[str, Mode] = {
    "activitynet": activitynet,
    "activitynet-3": activitynet_3,
    "thumos14": thumos14,
    "zeal-paper": zeal_paper,
    "t3al": t3al,
    "opentad": opentad,
    "actionformer": actionformer,
}
