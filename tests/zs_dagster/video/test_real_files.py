"""Real files: refused with a reason, or read exactly like a plain decode from the start."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zs_dagster.video.errors import CorruptFrames, UnsupportedCodec
from zs_dagster.video.frames import FloatArray, FrameIndex
from zs_dagster.video.probe import probe
from zs_dagster.video.reading import check_decodes, iter_frames, read_frames
from zs_dagster.video.sampling import sample_times

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "videos"
FILES = sorted(p for p in FOLDER.glob("*") if p.suffix != ".csv") if FOLDER.is_dir() else []
Rgb = NDArray[np.uint8]
SIZE = (48, 32)
REFUSED = {
    "decord__corrupted.mp4": CorruptFrames,
    "web-platform-tests__RGB_Circles.oggtheora.ogv": CorruptFrames,
    "web-platform-tests__invalid-codec.mp4": UnsupportedCodec,
}

pytestmark = pytest.mark.skipif(not FILES, reason=f"no real videos in {FOLDER.name}/")


def decode_plainly(
    path: Path, index: FrameIndex, times: FloatArray
) -> tuple[list[float], list[Rgb]]:
    """Start and picture of the frame shown at each ascending time, by the simplest loop."""
    import av

    starts: list[float] = []
    pictures: list[Rgb] = []
    shown: tuple[float, Any] | None = None
    with av.open(str(path)) as file:
        for order, frame in enumerate(file.decode(file.streams.video[0])):
            tick = order if index.synthetic_time else (frame.pts or 0) - index.pts[0]
            start = float(tick * index.time_base[0] / index.time_base[1])
            while len(starts) < times.size and times[len(starts)] < start - 1e-9:
                kept = shown or (start, frame)
                starts.append(kept[0])
                pictures.append(shrink(kept[1], index.rotation))
            shown = (start, frame)
        assert shown is not None
        while len(starts) < times.size:
            starts.append(shown[0])
            pictures.append(shrink(shown[1], index.rotation))
    return starts, pictures


def shrink(frame: Any, rotation: int) -> Rgb:  # noqa: ANN401 -- the decoder is not imported here
    width, height = SIZE[::-1] if rotation in (90, 270) else SIZE
    small = frame.reformat(width, height, "rgb24", interpolation="BILINEAR")
    return np.rot90(small.to_ndarray(), rotation // 90)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_frames_equal_a_plain_decode(path: Path) -> None:
    if path.name in REFUSED:
        with pytest.raises(REFUSED[path.name], match="cannot read video"):
            check_decodes(path, probe(path).index)
        return
    info = probe(path)
    check_decodes(path, info.index)
    outside = np.array([-0.5, info.duration_s + 0.5])
    dense = np.sort(np.concatenate([sample_times(info.duration_s, 1.0), outside]))
    starts, pictures = decode_plainly(path, info.index, dense)
    order = np.random.default_rng(0).permutation(dense.size)
    for picks in (order, order[:3]):
        frames = read_frames(path, info.index, dense[picks], SIZE)
        np.testing.assert_allclose(frames.time_s, np.array(starts)[picks])
        for rgb, pick in zip(frames.rgb, picks, strict=True):
            np.testing.assert_array_equal(rgb, pictures[pick])


@pytest.mark.parametrize("name", ["decord__video_90.mov", "mmaction2__test.avi"])
def test_chunks_together_equal_one_read(name: str) -> None:
    if not (FOLDER / name).exists():
        pytest.skip(f"{name} is not here")
    info = probe(FOLDER / name)
    times = sample_times(info.duration_s, 20.0)
    chunks = [c.rgb for c in iter_frames(FOLDER / name, info.index, times, SIZE, chunk=3)]
    whole = read_frames(FOLDER / name, info.index, times, SIZE)
    np.testing.assert_array_equal(np.concatenate(chunks), whole.rgb)
