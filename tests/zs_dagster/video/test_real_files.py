"""Real files: refused with a reason, or read exactly like a plain decode from the start."""

from pathlib import Path

import numpy as np
import pytest

from zs_dagster.video.errors import CorruptFrames, UnsupportedCodec
from zs_dagster.video.frames import FrameIndex
from zs_dagster.video.probe import probe
from zs_dagster.video.reading import check_decodes, iter_frames, read_frames
from zs_dagster.video.sampling import sample_times, uniform_times

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "videos"
FILES = sorted(p for p in FOLDER.glob("*") if p.suffix != ".csv") if FOLDER.is_dir() else []
SIZE = (48, 32)
REFUSED = {
    "decord__corrupted.mp4": CorruptFrames,
    "web-platform-tests__RGB_Circles.oggtheora.ogv": CorruptFrames,
    "web-platform-tests__invalid-codec.mp4": UnsupportedCodec,
}

pytestmark = pytest.mark.skipif(not FILES, reason=f"no real videos in {FOLDER.name}/")


def decode_plainly(path: Path, index: FrameIndex) -> tuple[list[float], list[np.ndarray]]:
    """Times and pictures of all frames, by the decoder's own simplest loop."""
    import av

    times, pictures = [], []
    turned = index.rotation in (90, 270)
    width, height = SIZE[::-1] if turned else SIZE
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        for order, frame in enumerate(file.decode(stream)):
            small = frame.reformat(width, height, "rgb24", interpolation="BILINEAR")
            pictures.append(np.rot90(small.to_ndarray(), index.rotation // 90))
            tick = order if index.synthetic_time else (frame.pts or 0) - index.pts[0]
            times.append(float(tick * index.time_base[0] / index.time_base[1]))
    return times, pictures


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_frames_equal_a_plain_decode(path: Path) -> None:
    if path.name in REFUSED:
        with pytest.raises(REFUSED[path.name], match="cannot read video"):
            check_decodes(path, probe(path).index)
        return
    info = probe(path)
    check_decodes(path, info.index)
    starts, pictures = decode_plainly(path, info.index)
    assert len(pictures) == info.n_frames
    shuffled = np.random.default_rng(0).uniform(-0.5, info.duration_s + 0.5, 6)
    sparse = uniform_times(info.duration_s, 3)
    for times in (sparse, np.concatenate([sample_times(info.duration_s, 1.0), shuffled])):
        expected = np.maximum(np.searchsorted(starts, times + 1e-9, side="right") - 1, 0)
        frames = read_frames(path, info.index, times, SIZE)
        np.testing.assert_allclose(frames.time_s, np.array(starts)[expected])
        for rgb, k in zip(frames.rgb, expected, strict=True):
            np.testing.assert_array_equal(rgb, pictures[k])


@pytest.mark.parametrize("name", ["decord__video_90.mov", "mmaction2__test.avi"])
def test_chunks_together_equal_one_read(name: str) -> None:
    if not (FOLDER / name).exists():
        pytest.skip(f"{name} is not here")
    info = probe(FOLDER / name)
    times = sample_times(info.duration_s, 20.0)
    chunks = [c.rgb for c in iter_frames(FOLDER / name, info.index, times, SIZE, chunk=3)]
    whole = read_frames(FOLDER / name, info.index, times, SIZE)
    np.testing.assert_array_equal(np.concatenate(chunks), whole.rgb)
