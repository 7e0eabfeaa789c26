"""Broken, mislabelled and too large files, by both backends: the right refusal."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zs_dagster.errors import VideoError
from zs_dagster.video.decoders import Decoders
from zs_dagster.video.errors import (
    CorruptFrames,
    NotAVideo,
    NoVideoStream,
    ResolutionChanges,
    TooLarge,
    Truncated,
)
from zs_dagster.video.probe import VideoInfo

Writer = Callable[..., Path]
Build = Callable[[Path, Writer], Path]
N_FRAMES, RATE = 150, 25
SIZE = (96, 64)
B_FRAMES = {"g": "25", "bf": "2"}


def plain(suffix: str, **options: Any) -> Build:  # noqa: ANN401
    """Write numbered frames with given options."""
    settings = {"size": SIZE, "options": B_FRAMES, **options}
    return lambda folder, video: video(
        folder / f"a.{suffix}", range(N_FRAMES), rate=RATE, **settings
    )


def edited(change: Callable[[bytearray], None]) -> Build:
    """Change the bytes of a file whose index lies at the front."""

    def build(folder: Path, video: Writer) -> Path:
        front = {"movflags": "faststart"}
        path = plain("mp4", container_options=front)(folder, video)
        data = bytearray(path.read_bytes())
        change(data)
        path.write_bytes(data)
        return path

    return build


def flip(data: bytearray) -> None:
    for place in np.random.default_rng(0).integers(len(data) // 3, len(data), 40).tolist():
        data[place] ^= 1 << (place % 8)


def zero_the_middle(data: bytearray) -> None:
    half = len(data) // 2
    data[half : half + 3000] = bytes(3000)


def cut(data: bytearray) -> None:
    del data[len(data) * 6 // 10 :]


def resized(folder: Path, video: Writer) -> Path:
    parts = [
        video(folder / f"{size[0]}.ts", pts, rate=RATE, size=size, options={"bf": "0"})
        for size, pts in ((SIZE, range(75)), ((128, 96), range(75, 150)))
    ]
    (folder / "both.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    return folder / "both.ts"


def picture(form: str) -> Build:
    def build(folder: Path, _: Writer) -> Path:
        data = io.BytesIO()
        Image.new("RGB", SIZE, (200, 30, 30)).save(data, form)
        (folder / "picture.mp4").write_bytes(data.getvalue())
        return folder / "picture.mp4"

    return build


def playlist(first: str) -> Build:
    """Name another file in a text that FFmpeg would follow."""

    def build(folder: Path, video: Writer) -> Path:
        other = plain("ts")(folder, video)
        (folder / "list.mp4").write_text(first.format(name=other.name))
        return folder / "list.mp4"

    return build


def cover(folder: Path, _: Writer) -> Path:
    import av

    data = io.BytesIO()
    Image.new("RGB", SIZE).save(data, "PNG")
    with av.open(str(folder / "song.mp4"), "w") as file:
        sound: Any = file.add_stream("aac", rate=8000)
        art: Any = file.add_stream("png", rate=1)
        art.width, art.height, art.pix_fmt = (*SIZE, "rgb24")
        art.disposition = av.stream.Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 8000), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = 8000, 0
        file.mux(sound.encode(frame))
        file.mux(sound.encode(None))
        shown = av.VideoFrame.from_ndarray(np.zeros((*SIZE[::-1], 3), np.uint8), format="rgb24")
        shown.pts = 0
        file.mux(art.encode(shown))
        file.mux(art.encode(None))
    return folder / "song.mp4"


def huge(folder: Path, video: Writer) -> Path:
    return video(folder / "huge.mkv", [0], size=(8192, 4096), codec="mjpeg", pix_fmt="yuvj420p")


REFUSED: dict[str, tuple[Build, tuple[type[VideoError], ...]]] = {
    "cut short": (edited(cut), (Truncated,)),
    "bits flipped": (edited(flip), (CorruptFrames,)),
    "middle zeroed": (edited(zero_the_middle), (CorruptFrames, Truncated)),
    "size changes": (resized, (ResolutionChanges, CorruptFrames)),
    "jpeg": (picture("JPEG"), (NotAVideo,)),
    "gif": (picture("GIF"), (NotAVideo,)),
    "playlist": (
        playlist("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{name}\n#EXT-X-ENDLIST\n"),
        (NotAVideo,),
    ),
    "ffconcat": (playlist("ffconcat version 1.0\nfile {name}\n"), (NotAVideo,)),
    "header only": (
        edited(lambda data: data.__delitem__(slice(40, None))),
        (NotAVideo, NoVideoStream),
    ),
    "garbage": (
        edited(lambda data: data.__setitem__(slice(None), b"\x01\x00\x7f" * 999)),
        (NotAVideo,),
    ),
    "cover art": (cover, (NoVideoStream,)),
    "8192 wide": (huge, (TooLarge,)),
}


def asked(info: VideoInfo) -> Any:  # noqa: ANN401
    """16 uniform times, then 24 at random, not in order."""
    uniform = (np.arange(16) + 0.5) * info.duration_s / 16
    draw = np.random.default_rng(1).uniform(0, info.duration_s, 24)
    return np.concatenate([uniform, draw])


def read_everywhere(decoders: Decoders, path: Path) -> None:
    info = decoders.probe(path)
    list(decoders.iter_frames(path, asked(info), index=info.index, backend=info.backend))


@pytest.mark.parametrize("backend", ["pyav", "decord"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_whole_is_refused(
    name: str, backend: str, pool: dict[str, Decoders], built: Callable[[str, Build], Path]
) -> None:
    build, kinds = REFUSED[name]
    path = built(name, build)
    with pytest.raises(kinds, match=r"cannot read video '.*': .*[;(]"):
        read_everywhere(pool[backend], path)


@pytest.mark.parametrize("name", ["bits flipped", "middle zeroed"])
def test_damage_anywhere_in_a_short_file_is_found_at_ingest(
    name: str, pool: dict[str, Decoders], built: Callable[[str, Build], Path]
) -> None:
    build, kinds = REFUSED[name]
    path = built(name, build)
    with pytest.raises(kinds):
        pool["pyav"].probe(path)
