"""`zs-dagster locate`: my video, my words; the same graph and the same store as any dataset."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from zs_dagster.cli import console
from zs_dagster.cli.graph import Outcome, materialise, prepare_environment
from zs_dagster.cli.run import DEMO_ONLY, JsonFile, check_json_file
from zs_dagster.cli.summary import write_summary
from zs_dagster.datasets.catalogue import AD_HOC_PREFIX, load_dataset
from zs_dagster.datasets.files import find_videos
from zs_dagster.datasets.sources import VideoFiles
from zs_dagster.demo.world import classes
from zs_dagster.digests import digest
from zs_dagster.errors import InputError
from zs_dagster.evaluation.annotations_csv import write_csv
from zs_dagster.evaluation.annotations_json import write_predictions
from zs_dagster.files import write_text
from zs_dagster.home import Home
from zs_dagster.models.profiles import load_profile
from zs_dagster.segments import LabelledSegments

DEMO_LABELS = frozenset(a.label for split in ("test", "validation") for a in classes(split))


def locate(
    videos: Annotated[list[Path], typer.Argument(help="Video files.")],
    *,
    actions: Annotated[str, typer.Option(help='What to look for: "golf swing, high jump".')],
    models: Annotated[
        str | None, typer.Option(help="Profile; by default the best one that is here.")
    ] = None,
    fps: Annotated[float, typer.Option(help="Frames looked at per second.")] = 1.0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for segments.json, segments.csv, report.html.")
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Find actions in videos: prints the segments, writes JSON, CSV and a page to look at."""
    home = prepare_environment()
    labels = parse_actions(actions)
    check_json_file(json_file)
    if not (math.isfinite(fps) and fps > 0):
        raise InputError(f"--fps must be finite and > 0, got {fps:g}")
    files = _files(videos)
    profile = _profile(models, labels)
    name = _describe(home, files, labels, profile, fps)
    folder = _folder(out or home.root / "located" / name)
    if profile == "demo" and not all(_is_drawn(path, home) for path in videos):
        sys.stderr.write(DEMO_ONLY)
    with console.progress():
        outcome = materialise(name, "localize", {})
    _show(home, name, folder, outcome, json_file)


def parse_actions(text: str) -> list[str]:
    """Split a comma-separated list of actions.

    Raises:
        InputError: If there is none, or one is named twice.
    """
    labels = [part.strip() for part in text.split(",") if part.strip()]
    if not labels:
        raise InputError(f"--actions must name at least one action, got '{text}'")
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise InputError(f"--actions must differ, got '{twice[0]}' twice; remove one")
    return labels


def _profile(wanted: str | None, labels: Sequence[str]) -> str:
    if wanted is not None:
        return load_profile(wanted).name
    if DEMO_LABELS.issuperset(labels):
        return "demo"
    # Imported here: it asks torch and the model hub's cache, which takes seconds.
    from zs_dagster.models.weights import best_profile_here, how_to_get_weights

    found = best_profile_here()
    if found is None:
        raise InputError(
            "no downloaded weights were found for real videos; choose --models light (SigLIP 2 "
            f"and SmolVLM2, runs without a GPU, slowly; {how_to_get_weights('light')}) or "
            f"--models zeal (a GPU with 48 GB; {how_to_get_weights('zeal')}); "
            "--models demo runs at once but knows only drawn shapes"
        )
    return found


def _files(videos: Sequence[Path]) -> list[Path]:
    for path in videos:
        if path.is_dir():
            raise InputError(
                f"'{path}' is a folder; give its files, or make it a dataset with "
                "`zs-dagster datasets add`"
            )
        if not path.exists():
            raise InputError(f"video '{path}' does not exist; check the path")
    files = sorted({path.resolve() for path in videos})
    find_videos(VideoFiles(files=tuple(files)))  # Refuses two files of one name.
    return files


def _describe(
    home: Home, files: Sequence[Path], labels: Sequence[str], profile: str, fps: float
) -> str:
    """Write the description of the dataset, named by what is asked, and return its name."""
    said: dict[str, Any] = {
        "videos": {"files": [str(path) for path in files]},
        "classes": list(labels),
        "profile": profile,
        "localization": {"fps": fps, "top_k": len(labels)},
    }
    if DEMO_LABELS.issuperset(labels):
        said["queries"] = "demo"
    name = f"{AD_HOC_PREFIX}{digest(said)[:8]}"
    title = f"{', '.join(labels)} in {', '.join(path.name for path in files)}"
    path = home.datasets / f"{name}.yaml"
    text = yaml.safe_dump({"name": name, "title": title, **said}, sort_keys=False)
    write_text(path, text)
    try:
        load_dataset(path)
    except InputError:
        path.unlink()
        raise
    return name


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--out must be a folder that can be made, got '{path}': {error.strerror}"
        ) from error
    return path


def _is_drawn(path: Path, home: Home) -> bool:
    return path.resolve().is_relative_to(home.generated_videos)


def _show(
    home: Home, name: str, folder: Path, outcome: Outcome, json_file: Path | None
) -> None:
    """Print what was found and write it in every form people asked for."""
    rows = sorted(
        home.tables.rows("segments", name), key=lambda r: (r["video_id"], -r["score"])
    )
    videos = home.tables.rows("videos", name)
    found = LabelledSegments.from_rows(
        [(r["video_id"], r["label"], r["start_s"], r["end_s"], r["score"]) for r in rows]
    )
    readable = [v["video_id"] for v in videos if v["status"] == "ok"]
    write_predictions(folder / "segments.json", found, videos=readable)
    write_csv(folder / "segments.csv", found)
    page = (home.reports / f"{name}.html").read_text(encoding="utf-8")
    write_text(folder / "report.html", page)
    console.show_segments(rows, videos)
    console.show_located(folder, name)
    if json_file is not None:
        write_summary(json_file, outcome, [], segments=rows)
