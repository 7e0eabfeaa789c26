"""What people see of predicted classes in the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
MINUS, MCNEMAR = "top1_minus_", "mcnemar_p_"


def show_accuracy(rows: Sequence[Row]) -> None:
    """Print accuracies in percent, a row per method and set, then differences in words."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not rows:
        console.print("no ground truth, so no metrics")
        return
    title = f"accuracy in %, dataset {rows[0]['dataset']}"
    table = Table("method", "split", title=title, title_justify="left")
    for name in ("top-1", "95 % interval", "top-5", "mean class"):
        table.add_column(name, justify="right")
    numbers = _by_method(rows)
    for (method, split), values in numbers.items():
        if "top1" in values:
            table.add_row(method, split, *_cells(values))
    console.print(table)
    for sentence in sentences(rows):
        console.print(sentence, markup=False, soft_wrap=True)


def show_retrieval(rows: Sequence[Row]) -> None:
    """Print how well held-out videos find their captions, trained and untrained."""
    from rich.console import Console
    from rich.table import Table

    title = f"video to caption, dataset {rows[0]['dataset']}"
    table = Table("method", "videos", title=title, title_justify="left")
    for name in ("R@1, %", "R@5, %", "median rank", "loss"):
        table.add_column(name, justify="right")
    for (method, split), values in _by_method(rows).items():
        shares = (f"{100 * values[name]['value']:.1f}" for name in ("r1", "r5"))
        rank, loss = values["median_rank"]["value"], values["loss"]["value"]
        table.add_row(method, split, *shares, f"{rank:g}", f"{loss:.3f}")
    Console(highlight=False).print(table)


def sentences(rows: Sequence[Row]) -> Iterator[str]:
    """Say in words what the table has no column for; differences keep their sign."""
    numbers = _by_method(rows)
    is_one_set = len({split for (_, split), values in numbers.items() if "top1" in values}) == 1
    for (method, split), values in numbers.items():
        where = "" if is_one_set else f" on {split}"
        for metric, row in values.items():
            if metric.startswith(MINUS):
                other = metric.removeprefix(MINUS)
                p = values[f"{MCNEMAR}{other}"]["value"]
                yield f"{method} has {_gain(row, other)}{where}, {_evidence(row, p)}"
        if "top1_mean" in values:
            mean, sd = (100 * values[f"top1_{name}"]["value"] for name in ("mean", "sd"))
            yield f"{method} has a mean top-1 of {mean:.1f} % over {split}, sd {sd:.1f}"
        if "top1_harmonic_mean" in values:
            harmonic = values["top1_harmonic_mean"]["value"]
            yield (
                f"{method} has a harmonic mean of top-1 of {100 * harmonic:.1f} % over base "
                f"and novel classes of {split}"
            )


def show_classes(rows: Sequence[Row]) -> None:
    """Print the best class of each video and method, its probability and the next two."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    ranked: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["video_id"], row["method"], row["rank"])):
        ranked.setdefault((row["video_id"], row["method"]), []).append(row)
    table = Table(title="classes", title_justify="left")
    for name in ("video", "method", "class"):
        table.add_column(name, overflow="fold")
    table.add_column("probability", justify="right")
    table.add_column("then")
    for (video, method), (best, *others) in ranked.items():
        then = ", ".join(f"{o['label']} {o['probability']:.2f}" for o in others[:2])
        names = (Text(video), method, Text(best["label"]))
        table.add_row(*names, f"{best['probability']:.2f}", Text(then))
    Console(highlight=False).print(table if ranked else "no video was classified")


def _by_method(rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, Row]]:
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        found.setdefault((row["method"], row["split"]), {})[row["metric"]] = row
    return found


def _cells(values: Mapping[str, Row]) -> list[str]:
    top1 = values["top1"]
    interval = f"{100 * top1['low']:.1f} - {100 * top1['high']:.1f}"
    shown = [
        f"{100 * values[name]['value']:.1f}" if name in values else ""
        for name in ("top1", "top5", "mean_class_accuracy")
    ]
    return [shown[0], interval, *shown[1:]]


def _gain(row: Row, other: str) -> str:
    return f"{_points(row['value']):+.1f} points of top-1 over {other}"


def _evidence(row: Row, p: float) -> str:
    low, high = _points(row["low"]), _points(row["high"])
    p_value = "p < 0.001" if p < 0.001 else f"p {p:.2g}"
    return f"95 % interval {low:.1f} to {high:.1f}, McNemar {p_value}"


def _points(fraction: float) -> float:
    """Percent to one decimal; nothing is plus nothing, never minus nothing."""
    return round(100 * fraction, 1) + 0.0
