"""`zs-dagster propose`: segments from scores somebody else computed."""

import json
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from zs_dagster.errors import InputError
from zs_dagster.localization.parameters import PRESETS
from zs_dagster.localization.zeal import Proposals, localize

ARRAYS = ("scores", "actionness", "fps")


def propose(
    scores: Annotated[
        Path,
        typer.Argument(
            metavar="SCORES.npz",
            help="Arrays scores (T, 2): P(yes) of start and end, actionness (T,), scalar fps.",
        ),
    ],
    *,
    preset: Annotated[str, typer.Option(help=" or ".join(PRESETS))] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Turn the scores of one class in one video into segments."""
    if preset not in PRESETS:
        raise InputError(f"preset must be one of {', '.join(PRESETS)}, got '{preset}'")
    confidence, actionness, fps = _read(scores)
    time_s = np.arange(len(actionness)) / fps
    found = localize(confidence, actionness, time_s, len(actionness) / fps, PRESETS[preset])
    sys.stdout.write(_as_json(found) if as_json else _as_text(found))


def _read(path: Path) -> tuple[Any, Any, float]:
    try:
        # allow_pickle stays off: an .npz may come from anywhere.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            missing = [name for name in ARRAYS if name not in file.files]
            if missing:
                raise InputError(
                    f"{path}: must hold the arrays {', '.join(ARRAYS)}; {missing[0]} is missing"
                )
            confidence, actionness, fps = (file[name] for name in ARRAYS)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (
        ValueError,
        AttributeError,
        TypeError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
    ) as error:
        if isinstance(error, InputError):
            raise
        # numpy's own message advises to unpickle; that would run whatever the file says.
        raise InputError(
            f"{path}: must be an .npz file of plain arrays (numpy.savez)"
        ) from error
    if actionness.ndim != 1:
        raise InputError(f"{path}: actionness must have shape (T,), got {actionness.shape}")
    return confidence, actionness, _rate(path, fps)


def _rate(path: Path, fps: Any) -> float:  # noqa: ANN401 - an array of any kind
    rate = float(fps.item()) if fps.size == 1 and fps.dtype.kind in "iuf" else float("nan")
    if not 0 < rate < float("inf"):
        raise InputError(f"{path}: fps must be one number > 0, got {fps!s:.60}")
    return rate


def _as_json(found: Proposals) -> str:
    columns = (found.segments.start_s, found.segments.end_s, found.segments.score)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    names = ("start_s", "end_s", "score")
    document = {
        "segments": [dict(zip(names, row, strict=True)) for row in rows],
        "samples": found.samples.tolist(),
    }
    return json.dumps(document) + "\n"


def _as_text(found: Proposals) -> str:
    if found.reason:
        return f"no segments: {found.reason}\n"
    columns = (found.segments.start_s, found.segments.end_s, found.segments.score)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    lines = [f"{start:9.2f} {end:9.2f}  {score:.3f}" for start, end, score in rows]
    return "\n".join([f"{'start_s':>9} {'end_s':>9}  score", *lines]) + "\n"
