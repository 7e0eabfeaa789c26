"""`zs-dagster locate`: my video, my words; the same graph and the same store as any dataset."""

from pathlib import Path
from typing import Annotated

import typer

from zs_dagster.cli import console
from zs_dagster.cli.ad_hoc import (
    PAGE,
    Videos,
    as_dataset,
    choose_profile,
    describe,
    out_folder,
    parse_labels,
    video_files,
    warn_unless_drawn,
    write_page,
)
from zs_dagster.cli.graph import Outcome, materialise, prepare_environment
from zs_dagster.cli.run import JsonFile, check_json_file
from zs_dagster.cli.summary import write_summary
from zs_dagster.datasets.catalogue import LOCATE_PREFIX
from zs_dagster.datasets.localization import MAX_FPS
from zs_dagster.errors import InputError
from zs_dagster.evaluation.annotations_csv import write_csv
from zs_dagster.evaluation.annotations_json import write_predictions
from zs_dagster.home import Home
from zs_dagster.segments import LabelledSegments

FILES = ("segments.json", "segments.csv", PAGE)


def locate(
    videos: Videos,
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
    if not 0 < fps <= MAX_FPS:
        raise InputError(f"--fps must be > 0 and <= {MAX_FPS:g}, got {fps:g}; correct it")
    files = video_files(videos)
    profile = choose_profile(models, labels)
    options = {"fps": fps, "top_k": len(labels)}
    said = {"classes": labels, "profile": profile, "localization": options}
    described = describe(LOCATE_PREFIX, files, said)
    name = described["name"]
    folder = out_folder(out or home.root / "located" / name, FILES, name)
    warn_unless_drawn(profile, files, home)
    with console.progress(), as_dataset(home, described):
        outcome = materialise(name, "localize", {})
    _show(home, name, folder, outcome, json_file)


def parse_actions(text: str) -> list[str]:
    """Split a comma-separated list of actions.

    Raises:
        InputError: If there is none, or one is named twice.
    """
    return parse_labels(text, "--actions", "must name at least one action")


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
    write_page(home, name, folder)
    write_predictions(folder / "segments.json", found, videos=readable)
    write_csv(folder / "segments.csv", found)
    console.show_segments(rows, videos)
    console.show_written(folder, " ".join(FILES), name)
    if json_file is not None:
        write_summary(json_file, outcome, [], segments=rows)
