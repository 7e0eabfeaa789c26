"""Videos whose every frame carries its number, so that a wrong frame shows itself."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zs_dagster.video.decoders import Decoders

COLUMNS, ROWS = 8, 4
Writer = Callable[..., Path]
Rgb = NDArray[np.uint8]


def check_bits(number: int) -> int:
    """Twelve bits that depend on every bit of the number."""
    mixed = (number * 2654435761) & 0xFFFFFFFF
    return ((mixed ^ (mixed >> 15)) >> 7) & 0xFFF


def draw(number: int, width: int, height: int) -> Rgb:
    """Write a number and its check bits as 8 x 4 black and white cells."""
    value = (number << 12) | check_bits(number)
    cells = np.array([(value >> (31 - i)) & 1 for i in range(32)], np.uint8) * 190 + 32
    rows, columns = np.arange(height) * ROWS // height, np.arange(width) * COLUMNS // width
    grey = cells.reshape(ROWS, COLUMNS)[rows][:, columns]
    return np.repeat(grey[:, :, None], 3, axis=2)


def number_of(rgb: Rgb) -> int:
    """Read the number back; -1 where the check bits disagree."""
    height, width = rgb.shape[:2]
    value = 0
    for cell in range(ROWS * COLUMNS):
        row, column = divmod(cell, COLUMNS)
        y, x = int((row + 0.5) * height / ROWS), int((column + 0.5) * width / COLUMNS)
        value = (value << 1) | int(rgb[y - 1 : y + 2, x - 1 : x + 2].mean() > 127)
    number = value >> 12
    return number if check_bits(number) == value & 0xFFF else -1


def write_video(
    path: Path,
    pts: Sequence[int] = tuple(range(60)),
    *,
    rate: int = 25,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    rotation: int = 0,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write frame k, with number k drawn on it, at ``pts[k] / rate`` seconds."""
    import av

    with av.open(str(path), "w", options=container_options or {}) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = Fraction(1, rate)
        stream.codec_context.thread_count = 1
        if rotation:
            stream.set_display_rotation(rotation)
        for number, tick in enumerate(pts):
            frame = av.VideoFrame.from_ndarray(draw(number, *size), format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_audio(path: Path) -> Path:
    """Write one second of silence."""
    import av

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 8000), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = 8000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def video() -> Writer:
    return write_video


@pytest.fixture(scope="session")
def silence() -> Writer:
    return write_audio


@pytest.fixture(scope="session")
def numbers() -> Callable[[Rgb], list[int]]:
    """Return the number drawn on each of ``(N, H, W, 3)`` frames."""
    return lambda rgb: [number_of(frame) for frame in rgb]


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 frames at 25 per second, a key frame every 12, B-frames between."""
    path = tmp_path_factory.mktemp("plain") / "plain.mp4"
    return write_video(path, options={"g": "12", "bf": "2", "sc_threshold": "0"})


@pytest.fixture(scope="module")
def pool() -> Iterator[dict[str, Decoders]]:
    with Decoders(1) as pyav, Decoders(1, backend="decord") as decord:
        yield {"pyav": pyav, "decord": decord}


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory, video: Writer
) -> Callable[[str, Callable[[Path, Writer], Path]], Path]:
    """Write each hostile file once."""
    known: dict[str, Path] = {}

    def get(name: str, build: Callable[[Path, Writer], Path]) -> Path:
        if name not in known:
            known[name] = build(tmp_path_factory.mktemp("hostile"), video)
        return known[name]

    return get
