"""Many small pictures on one, each with its time below."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

GAP, LINE = 4, 14
MAX_SHOWN = 400
PAPER, INK = (255, 255, 255), (40, 40, 40)


def contact_sheet(pictures: "Sequence[tuple[Image, str]]") -> "Image":
    """Lay pictures out in rows; of more than 400, evenly spaced ones are shown.

    Args:
        pictures: At least one, of any size, each with what is written below it.
    """
    from PIL import Image, ImageDraw

    step = math.ceil(len(pictures) / MAX_SHOWN)
    shown = pictures[::step]
    width = max(picture.width for picture, _ in shown) + GAP
    height = max(picture.height for picture, _ in shown) + LINE + GAP
    columns = max(1, round(math.sqrt(len(shown) * 1.6 * height / width)))
    rows = math.ceil(len(shown) / columns)
    sheet = Image.new("RGB", (columns * width + GAP, rows * height + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (picture, text) in enumerate(shown):
        row, column = divmod(number, columns)
        place = (GAP + column * width, GAP + row * height)
        sheet.paste(picture, place)
        draw.text((place[0], place[1] + picture.height), text, fill=INK)
    return sheet
