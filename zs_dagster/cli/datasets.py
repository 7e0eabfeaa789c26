"""`zs-dagster datasets`: what there is, what it holds, what is wrong with it, and a new one."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from zs_dagster.cli.console import warn_of_broken
from zs_dagster.cli.datasets_add import add
from zs_dagster.cli.datasets_remove import remove
from zs_dagster.cli.graph import prepare_environment
from zs_dagster.datasets.annotations.reading import read_annotations
from zs_dagster.datasets.catalogue import (
    AD_HOC_PREFIXES,
    check_sources,
    find_dataset,
    load_catalogue,
    load_dataset,
    root_variable,
    where_to_put,
)
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.files import find_videos
from zs_dagster.datasets.lint import Finding, lint
from zs_dagster.datasets.sources import GeneratedVideos, VideoFiles, VideoFolder
from zs_dagster.datasets.splits import load_splits
from zs_dagster.errors import DatasetError, VideoError
from zs_dagster.home import Home

Row = dict[str, Any]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FACTS = ("n_frames", "duration_s", "backend")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="List, inspect, check, add and remove datasets.",
)


@app.command("list")
def list_datasets(*, as_json: AsJson = False) -> None:
    """List the datasets and where their videos are looked for."""
    catalogue = load_catalogue(prepare_environment().datasets)
    warn_of_broken(catalogue)
    rows = [
        {
            "name": dataset.name,
            "task": dataset.task,
            "classes": len(dataset.classes),
            "videos": _where(dataset),
        }
        for name, dataset in sorted(catalogue.items())
        if not name.startswith(AD_HOC_PREFIXES)
    ]
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        sys.stdout.writelines(
            f"{row['name']:16} {row['task']:15} {row['classes']:4} classes  {row['videos']}\n"
            for row in rows
        )


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="Name of a dataset.")]) -> None:
    """Show what a dataset is, how it is divided and where its files are looked for."""
    home = prepare_environment()
    dataset = find_dataset(load_catalogue(home.datasets), name)
    lines = [f"{key:12} {value}" for key, value in _facts(dataset).items() if value]
    lines += [
        f"split        {text}" for text in map(_shown_split, load_splits(dataset).values())
    ]
    lines += [f"excluded     {video}: {why}" for video, why in dataset.excluded.items()]
    lines += [f"known bad    {video}: {why}" for video, why in dataset.known_bad.items()]
    lines += [
        f"class        {label}  ({dataset.prompt_names[label]})" for label in dataset.classes
    ]
    sys.stdout.write("\n".join(lines) + "\n")


@app.command("check")
def check(
    target: Annotated[str, typer.Argument(help="Dataset, dataset file, folder or video.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Read every video and lint the annotations; status 1 if a run would be refused."""
    home = prepare_environment()
    dataset = _dataset(home, target)
    videos = list(_probed(dataset))
    truth = read_annotations(dataset.annotations, [row["video_id"] for row in videos])
    findings = lint(dataset, videos, truth, load_splits(dataset))
    if as_json:
        sys.stdout.write(json.dumps(_report(videos, findings), indent=1) + "\n")
    else:
        sys.stdout.writelines(_text(videos, findings))
    has_video = any(video["status"] == "ok" for video in videos)
    if not has_video or any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


app.command("add")(add)
app.command("remove")(remove)


def _where(dataset: Dataset) -> str:
    videos = dataset.videos
    if isinstance(videos, GeneratedVideos):
        return "drawn when first needed"
    if isinstance(videos, VideoFiles):
        return f"{len(videos.files)} files"
    if videos.folder.is_dir():
        return str(videos.folder)
    return f"not here: set {root_variable(dataset.name)}, or put them in {videos.folder}"


def _facts(dataset: Dataset) -> dict[str, Any]:
    annotations = dataset.annotations
    return {
        "name": dataset.name,
        "title": dataset.title,
        "task": dataset.task,
        "source": dataset.source,
        "licence": dataset.licence,
        "videos": _where(dataset),
        "annotations": annotations and f"{annotations.format} in {annotations.path}",
        "subset": annotations and annotations.subset,
        "models": dataset.profile,
        "protocol": dataset.localization.protocol if dataset.task == "localization" else None,
        "classes": len(dataset.classes),
    }


def _shown_split(split: Any) -> str:  # noqa: ANN401 - a ClassSplit
    validation = f", {len(split.validation)} validation" if split.validation else ""
    return f"{split.name}: {len(split.seen)} seen, {len(split.unseen)} unseen{validation}"


def _dataset(home: Home, target: str) -> Dataset:
    """Take a name of the catalogue, else a path."""
    catalogue, path = load_catalogue(home.datasets), Path(target)
    if target in catalogue or not (path.exists() or path.is_symlink()):
        return _checked(find_dataset(catalogue, target))
    if path.suffix.lower() in {".yaml", ".yml"}:
        return _checked(load_dataset(path))
    absolute = path.absolute()
    videos: VideoFolder | VideoFiles = VideoFiles(files=(absolute,))
    if path.is_dir():
        videos = VideoFolder(folder=absolute)
    return Dataset(name="check", videos=videos, classes=("any",))


def _checked(dataset: Dataset) -> Dataset:
    # Imported here: it asks every stage, and they take a while to import.
    from zs_dagster.checked_catalogue import check_dataset

    check_dataset(dataset)
    return dataset


def _probed(dataset: Dataset) -> Iterator[Row]:
    from zs_dagster.video.decoders import Decoders
    from zs_dagster.video.process import Limits

    if isinstance(dataset.videos, GeneratedVideos):
        raise DatasetError(f"dataset '{dataset.name}' is drawn by the project; run it instead")
    files = find_videos(dataset.videos, where_to_put(dataset))
    check_sources(dataset)
    limits = Limits(dataset.reader.timeout_s, dataset.reader.memory_mb)
    with Decoders(None, limits, dataset.reader.backend) as pool:
        found = pool.probe_many(files.values())
        for (video_id, path), (_, info) in zip(files.items(), found, strict=True):
            yield {"video_id": video_id, "path": _printable(path), **_outcome(info)}


def _outcome(info: Any) -> Row:  # noqa: ANN401 - a VideoInfo or a VideoError
    if isinstance(info, VideoError):
        said = {"status": "unreadable", "error": type(info).__name__, "reason": info.reason}
        return said | dict.fromkeys((*FACTS, "fps", "content_hash"))
    facts = {key: getattr(info, key) for key in (*FACTS, "fps", "content_hash")}
    return {"status": "ok", "error": None, "reason": None, **facts}


def _report(videos: Sequence[Row], findings: Sequence[Finding]) -> Row:
    keys = ("path", "status", "error", "reason", *FACTS)
    return {
        "videos": [{key: video[key] for key in keys} for video in videos],
        "lint": [
            {
                "rule": finding.rule,
                "severity": finding.severity,
                "count": finding.count,
                "examples": list(finding.examples),
                "remedy": finding.remedy,
            }
            for finding in findings
        ],
    }


def _text(videos: Sequence[Row], findings: Sequence[Finding]) -> Iterator[str]:
    for video in videos:
        if video["status"] == "ok":
            yield f"ok          {video['path']}  {video['duration_s']:.2f} s\n"
        else:
            yield f"unreadable  {video['path']}  {video['error']}: {video['reason']}\n"
    for finding in findings:
        yield f"{finding.severity:11} {finding.sentence()}\n"
    readable = sum(video["status"] == "ok" for video in videos)
    yield f"{readable} of {len(videos)} videos can be read; {len(findings)} findings\n"


def _printable(path: Path) -> str:
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
