"""Videos and sentences as points of a plane, as a PNG picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zs_dagster.report import drawing
from zs_dagster.report.png import encode, new_figure
from zs_dagster.report.timeline import MAX_BYTES

HEIGHT_PX = 620
MAX_NAMED = 40
"""More classes than these are drawn without their names."""


def tsne(points: NDArray[Any], seed: int = 0) -> NDArray[np.float64]:
    """Place points ``(N, J)`` on a plane by t-SNE; needs scikit-learn, an optional package.

    van der Maaten and Hinton, JMLR 2008; perplexity 50 as CEZSAR, less for few points.
    """
    from sklearn.manifold import TSNE

    perplexity = min(50.0, max(1.0, (len(points) - 1) / 3))
    place = TSNE(perplexity=perplexity, init="pca", random_state=seed)
    return np.asarray(place.fit_transform(points), dtype=np.float64)


def plane_png(
    videos: NDArray[Any],
    label: NDArray[np.int64],
    prototypes: NDArray[Any],
    owner: NDArray[np.int64],
    classes: Sequence[str],
    max_bytes: int = MAX_BYTES,
) -> bytes:
    """Draw videos as dots and prototypes as crosses, a colour per class.

    Args:
        videos: Shape ``(N, 2)``.
        label: Shape ``(N,)``, the class of each.
        prototypes: Shape ``(P, 2)``.
        owner: Shape ``(P,)``, the class of each.
        classes: Names of the K classes.
        max_bytes: Size limit, as in `timeline_png`.

    Raises:
        InputError: If no reduction keeps ``max_bytes``.
    """
    from matplotlib import colormaps

    figure = new_figure(HEIGHT_PX)
    axis = figure.add_axes((0.03, 0.03, 0.94, 0.94))
    drawing.quiet(axis)
    axis.tick_params(labelbottom=False, labelleft=False)
    colours = colormaps["hsv"](np.arange(len(classes)) / max(1, len(classes)))
    axis.scatter(videos[:, 0], videos[:, 1], s=14, c=colours[label], linewidths=0, alpha=0.7)
    axis.scatter(
        prototypes[:, 0],
        prototypes[:, 1],
        s=110,
        c=colours[owner],
        marker="X",
        edgecolors=drawing.INK,
    )
    if len(classes) <= MAX_NAMED:
        for (x, y), place in zip(prototypes.tolist(), owner.tolist(), strict=True):
            axis.annotate(
                classes[place], (x, y), (7, 4), textcoords="offset points", **drawing.PLAIN
            )
    return encode(figure, max_bytes)
