"""What workers are given to do in tests. They import it, so it imports little."""

import logging
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zs_dagster.errors import ModelError, VideoError
from zs_dagster.video.decoders import Decoders

Work = Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True)
class Item:
    """Something to do."""

    number: int


def die_once(
    items: Sequence[Any], pool: Decoders, *, work: Work, mark: Path, **settings: object
) -> list[dict[str, Any]]:
    """Do the real work for the first item; the first process that gets here then dies."""
    first = work(items[:1], pool, **settings)
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return first + work(items[1:], pool, **settings)
    os.kill(os.getpid(), signal.SIGKILL)
    return []


def note(items: Sequence[Item], pool: Decoders, folder: Path) -> list[dict[str, Any]]:
    """Tell the process and the home of each item; warn about the last."""
    numbers = [item.number for item in items]
    for number in numbers:
        with (folder / str(number)).open("a", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
    if 5 in numbers:
        logging.getLogger("zs_dagster.works").warning("five is left out")
    home = os.environ["ZS_HOME"]
    return [{"item": number, "home": home, "workers": pool.workers} for number in numbers]


def fail(items: Sequence[Item], _: Decoders, error: str) -> list[dict[str, Any]]:
    """Raise."""
    if error == "VideoError":
        raise VideoError("a.mp4", "no moov atom")
    if error == "MemoryError":
        raise MemoryError("no 3 GB")
    if error == "bug":
        raise KeyError(items[0].number)
    if error == "death":
        os.kill(os.getpid(), signal.SIGKILL)
    raise ModelError("the GPU fell out of the machine")
