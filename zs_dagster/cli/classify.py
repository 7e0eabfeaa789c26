"""`zs-dagster classify`: my clips, my classes; the same graph and store as any dataset."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

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
from zs_dagster.cli.class_tables import show_classes
from zs_dagster.cli.graph import materialise, prepare_environment
from zs_dagster.cli.run import JsonFile, check_json_file
from zs_dagster.cli.summary import write_summary
from zs_dagster.datasets.catalogue import CLASSIFY_PREFIX
from zs_dagster.errors import InputError
from zs_dagster.files import write_text
from zs_dagster.home import Home

Row = dict[str, Any]
FILES = ("predictions.json", "predictions.csv", PAGE)
METHODS = {"clip": ["clip"], "zar": ["zar"], "both": ["clip", "zar"]}
"""Classifiers of each --method; the answer of the last one is written."""
TOO_FEW = "must name two classes or more"


def classify(
    videos: Videos,
    *,
    classes: Annotated[str, typer.Option(help='Candidates: "golf swing, high jump".')],
    models: Annotated[
        str | None, typer.Option(help="Profile; by default the best one that is here.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="clip; zar, which adapts to each video; or both.")
    ] = "clip",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for predictions.json, predictions.csv, report.html."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Say which class each video shows: prints them, writes JSON, CSV and a page."""
    home = prepare_environment()
    labels = parse_classes(classes)
    check_json_file(json_file)
    if method not in METHODS:
        raise InputError(f"--method must be one of {', '.join(METHODS)}, got '{method}'")
    files = video_files(videos)
    profile = choose_profile(models, labels)
    classifiers = {name: {"classifier": name} for name in METHODS[method]}
    said: Row = {"task": "classification", "classes": labels, "profile": profile}
    said |= {"classification": {"classifiers": classifiers}}
    described = describe(CLASSIFY_PREFIX, files, said)
    name = described["name"]
    folder = out_folder(out or home.root / "classified" / name, FILES, name)
    warn_unless_drawn(profile, files, home)
    with console.progress(), as_dataset(home, described):
        outcome = materialise(name, "classify", {})
    rows = _predictions(home, name)
    _write(home, name, folder, [row for row in rows if row["method"] == METHODS[method][-1]])
    _show(home, name, rows)
    console.show_written(folder, " ".join(FILES), name)
    if json_file is not None:
        write_summary(json_file, outcome, [], predictions=rows)


def parse_classes(text: str) -> list[str]:
    """Split a comma-separated list of classes.

    Raises:
        InputError: If there are fewer than two, or one is named twice.
    """
    labels = parse_labels(text, "--classes", TOO_FEW)
    if len(labels) < 2:
        raise InputError(
            f"--classes {TOO_FEW}, got '{labels[0]}' alone; it would always be the answer"
        )
    return labels


def _predictions(home: Home, name: str) -> list[Row]:
    """Return the guesses of all methods."""
    tables = ("clip_predictions", "zar_predictions")
    return [row for table in tables for row in home.tables.rows(table, name)]


def _write(home: Home, name: str, folder: Path, rows: Sequence[Row]) -> None:
    """Write the answers of one method as `evaluate classification` reads them, and the page."""
    write_page(home, name, folder)
    best_first = sorted(rows, key=lambda row: (row["video_id"], row["rank"]))
    guesses: dict[str, list[tuple[str, float]]] = {}
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("video", "rank", "label", "probability"))
    for row in best_first:
        guess = (row["label"], row["probability"])
        guesses.setdefault(row["video_id"], []).append(guess)
        table.writerow((row["video_id"], row["rank"], *guess))
    document = json.dumps(guesses, ensure_ascii=False, indent=1)
    write_text(folder / "predictions.json", document + "\n")
    write_text(folder / "predictions.csv", text.getvalue())


def _show(home: Home, name: str, rows: Sequence[Row]) -> None:
    show_classes(rows)
    console.show_left_out(home.tables.rows("videos", name))
