"""Loss and retrieval over the epochs of a training, as a small PNG picture."""

from collections.abc import Mapping, Sequence

from zs_dagster.report import drawing
from zs_dagster.report.png import encode, new_figure
from zs_dagster.report.timeline import MAX_BYTES

PANELS = (
    ("loss", (("train_loss", drawing.PREDICTION), ("validation_loss", drawing.TRUTH))),
    ("video to caption", (("r1", drawing.PREDICTION), ("r5", drawing.TRUTH))),
)
HEIGHT_PX = 300


def training_png(history: Sequence[Mapping[str, float]], max_bytes: int = MAX_BYTES) -> bytes:
    """Draw the curves of a training side by side: losses, and shares found first or in five.

    Args:
        history: One row per epoch with ``epoch`` and any of the numbers.
        max_bytes: Size limit, as in `timeline_png`.

    Raises:
        InputError: If no reduction keeps ``max_bytes``.
    """
    figure = new_figure(HEIGHT_PX)
    for place, (title, curves) in enumerate(PANELS):
        axis = figure.add_axes((0.06 + 0.49 * place, 0.16, 0.42, 0.7))
        drawing.quiet(axis)
        for name, colour in curves:
            known = [(row["epoch"], row[name]) for row in history if name in row]
            if known:
                axis.plot(*zip(*known, strict=True), color=colour, lw=1.4)
        axis.set_xlabel("epoch", color=drawing.MUTED, labelpad=1, **drawing.PLAIN)
        words = [(name.replace("_", " "), colour) for name, colour in curves]
        drawing.write_above(axis, [(title, drawing.INK), *words])
    return encode(figure, max_bytes)
