"""Figure or image -> PNG bytes under a size limit, without the plotting library's state."""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PIL import Image

from zs_dagster.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 100
WIDTH_PX = 900
COLOURS = (256, 64, 16)
SCALES = (1.0, 0.75, 0.5)


def new_figure(height_px: float) -> "Figure":
    """Return an empty white figure of the common width, outside any global registry."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_PX / DPI, height_px / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def encode(figure: "Figure", max_bytes: int) -> bytes:
    """Return the figure as a PNG, reduced as by `encode_image`."""
    return encode_image(_rasterise(figure), max_bytes)


def encode_image(
    image: Image.Image, max_bytes: int, palettes: Sequence[int] = COLOURS
) -> bytes:
    """Return an RGB image as a PNG: fewer colours first, then fewer pixels, until it fits.

    Args:
        image: Any size.
        max_bytes: Largest size of the PNG.
        palettes: Numbers of colours to try, the best first.

    Raises:
        InputError: If even the smallest form is larger than ``max_bytes``.
    """
    smallest = b""
    for scale in SCALES:
        for colours in palettes:
            smallest = _png(image, scale, colours)
            if len(smallest) <= max_bytes:
                return smallest
    raise InputError(
        f"max_bytes must be at least {len(smallest)} for this picture, got {max_bytes}"
    )


@contextmanager
def boxes_for_missing_glyphs() -> Iterator[None]:
    """Draw a script without a font as boxes, without a warning per character."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def one_line(text: str, longest: int) -> str:
    """Make any text drawable: one line, valid Unicode, cut in its middle.

    Names of classes often differ at one end only, "slides left" and "slides right".
    """
    clean = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    clean = "".join(character for character in clean if character.isprintable())
    if len(clean) <= longest:
        return clean
    head = longest // 2
    return f"{clean[:head]}…{clean[len(clean) - (longest - head - 1) :]}"


def _rasterise(figure: "Figure") -> Image.Image:
    drawn = io.BytesIO()
    with boxes_for_missing_glyphs():
        figure.savefig(drawn, format="png", dpi=DPI)
    return Image.open(drawn).convert("RGB")


def _png(image: Image.Image, scale: float, colours: int) -> bytes:
    if scale < 1:
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    reduced = image.quantize(colours, method=Image.Quantize.MEDIANCUT)
    reduced.save(out, "PNG", optimize=True)
    return out.getvalue()
