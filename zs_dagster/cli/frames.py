"""`zs-dagster frames`: what the models see of a video, as pictures."""

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from zs_dagster.errors import InputError

if TYPE_CHECKING:
    from zs_dagster.video.backends import Backend
    from zs_dagster.video.frames import Frames

INDEX = "frames.json"
SHEET = "contact_sheet.png"


def frames(
    video: Annotated[Path, typer.Argument(help="Video file.")],
    *,
    out: Annotated[
        Path, typer.Option(help="Folder for the pictures; new, empty or of before.")
    ],
    sample: Annotated[str, typer.Option(help="fps:RATE or uniform:N.")] = "fps:1",
    backend: Annotated[str, typer.Option(help="pyav or decord.")] = "pyav",
) -> None:
    """Write the sampled frames as PNG, a contact sheet, and when each one is shown."""
    from zs_dagster.video.decoders import Decoders
    from zs_dagster.video.policies import times_of

    if backend not in ("pyav", "decord"):
        raise InputError(f"--backend must be pyav or decord, got '{backend}'")
    _check_out(out)
    with Decoders(1, backend=cast("Backend", backend)) as pool:
        info = pool.probe(video)
        times = times_of(sample, info.duration_s, info.n_frames)
        chunks = pool.iter_frames(video, times, index=info.index, backend=info.backend)
        # In every entry, so that the list is all there is to read.
        said = {"backend": info.backend, "backend_reason": info.backend_reason}
        count = _write(out, said, chunks)
    typer.echo(f"{count} frames in {out}, overview in {out / SHEET} ({info.backend})")


def _check_out(out: Path) -> None:
    """Refuse a folder with somebody else's files in it.

    Raises:
        InputError: If it is a file, or holds files that this command did not write.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"--out must be a folder, got the file '{out}'")
    if out.is_dir() and any(out.iterdir()) and not (out / INDEX).is_file():
        raise InputError(f"--out must be a new or empty folder, '{out}' holds other files")


def _write(out: Path, said: dict[str, Any], chunks: Iterable["Frames"]) -> int:
    """Write everything beside the folder first, so that it appears whole or not at all."""
    from zs_dagster.report.contact_sheet import contact_sheet

    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.absolute().parent))
    except OSError as error:
        raise InputError(f"--out must be writable, got '{out}': {error.strerror}") from error
    try:
        rows, thumbnails = _pictures(folder, chunks)
        (folder / INDEX).write_text(json.dumps([row | said for row in rows], indent=1) + "\n")
        contact_sheet(thumbnails).save(folder / SHEET)
        folder.chmod(0o755)
        if out.exists():
            shutil.rmtree(out)
        folder.replace(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return len(rows)


def _pictures(folder: Path, chunks: Iterable["Frames"]) -> tuple[list[Any], list[Any]]:
    from PIL import Image

    rows: list[dict[str, Any]] = []
    thumbnails: list[tuple[Any, str]] = []
    for chunk in chunks:
        for rgb, time_s, requested_s in zip(
            chunk.rgb, chunk.time_s.tolist(), chunk.requested_s.tolist(), strict=True
        ):
            name = f"{len(rows):05d}.png"
            picture = Image.fromarray(rgb)
            picture.save(folder / name)
            rows.append({"file": name, "requested_s": requested_s, "time_s": time_s})
            picture.thumbnail((240, 240))
            thumbnails.append((picture, f"{time_s:.2f} s"))
    return rows, thumbnails
