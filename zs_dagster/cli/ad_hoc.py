"""A dataset made on the way: files and words of a command line, run like any dataset."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from zs_dagster.cli.run import DEMO_ONLY
from zs_dagster.datasets.catalogue import load_catalogue, load_dataset
from zs_dagster.datasets.files import find_videos
from zs_dagster.datasets.removal import belongings, delete
from zs_dagster.datasets.sources import VideoFiles
from zs_dagster.demo.world import classes
from zs_dagster.digests import digest
from zs_dagster.errors import InputError
from zs_dagster.files import write_text
from zs_dagster.home import Home
from zs_dagster.models.profiles import load_profile

PAGE = "report.html"
Videos = Annotated[
    # As text: of an empty word a path would make the working directory.
    list[str], typer.Argument(metavar="VIDEO", help="Video files.", show_default=False)
]
DEMO_LABELS = frozenset(a.label for split in ("test", "validation") for a in classes(split))


def parse_labels(text: str, option: str, rule: str) -> list[str]:
    """Split a comma-separated list of class labels.

    Args:
        text: What was given.
        option: The option it was given to, for messages.
        rule: What a list without labels breaks, for messages.

    Raises:
        InputError: If there is none, or one is named twice.
    """
    labels = [part.strip() for part in text.split(",") if part.strip()]
    if not labels:
        raise InputError(f"{option} {rule}, got '{text}'")
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise InputError(f"{option} must differ, got '{twice[0]}' twice; remove one")
    return labels


def choose_profile(wanted: str | None, labels: Sequence[str]) -> str:
    """Return the wanted profile, else demo for its classes, else the best one that is here.

    Raises:
        InputError: If there is no such profile, or no weights for real videos.
    """
    if wanted is not None:
        return named_profile(wanted)
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


def named_profile(name: str) -> str:
    """Return the name of a profile that was given to --models.

    Raises:
        InputError: If there is no such profile, or its file is broken.
    """
    try:
        return load_profile(name).name
    except InputError as error:
        raise InputError(f"--models: {error}") from error


def video_files(videos: Sequence[str]) -> list[Path]:
    """Return the files, each once, resolved and sorted.

    Raises:
        InputError: If one is empty, does not exist or is a folder, or two have one name.
    """
    if not all(videos):
        raise InputError("a video must be the path of a file, got ''; give one")
    paths = [Path(video) for video in videos]
    for path in paths:
        if path.is_dir():
            raise InputError(
                f"'{path}' is a folder; give its files, or make it a dataset with "
                "`zs-dagster datasets add`"
            )
        if not path.exists():
            raise InputError(f"video '{path}' does not exist; check the path")
    files = sorted({path.resolve() for path in paths})
    find_videos(VideoFiles(files=tuple(files)))  # Refuses two files of one name.
    return files


def describe(prefix: str, files: Sequence[Path], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of a dataset, named by what is asked."""
    content = {"videos": {"files": [str(path) for path in files]}, **said}
    if DEMO_LABELS.issuperset(content["classes"]):
        content["queries"] = "demo"
    name = f"{prefix}{digest(content)[:8]}"
    title = f"{', '.join(content['classes'])} in {', '.join(path.name for path in files)}"
    return {"name": name, "title": title, **content}


@contextmanager
def as_dataset(home: Home, described: Mapping[str, Any]) -> Iterator[None]:
    """Make a description a dataset of the home, to be run in the block.

    Raises:
        InputError: If it breaks a rule of dataset files. Whatever is refused as bad input, here
            or in the block, leaves no dataset behind that was not there before.
    """
    path = home.datasets / f"{described['name']}.yaml"
    is_new = not path.exists()
    write_text(path, yaml.safe_dump(dict(described), sort_keys=False))
    try:
        load_dataset(path)
        yield
    except InputError:
        with suppress(OSError):  # Why it was refused is what matters.
            if is_new:
                delete(belongings(home, load_catalogue(home.datasets), described["name"]))
        raise


def out_folder(path: Path, files: Sequence[str], dataset: str) -> Path:
    """Make the folder for the results of a dataset; those of the same question are replaced.

    Args:
        path: Of the folder.
        files: What will be written into it; `PAGE` is one of them, and names the dataset.
        dataset: Name of the dataset.

    Raises:
        InputError: If it cannot be made, or holds such files of another question.
    """
    try:
        taken = [path / file for file in files if (path / file).exists()]
        if taken and not _is_page_of(path / PAGE, dataset):
            raise InputError(
                "--out must hold no results of other videos, words or settings, got "
                f"'{taken[0]}'; give another --out, or move them"
            )
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--out must be a folder that can be made, got '{path}': {error.strerror}"
        ) from error
    return path


def write_page(home: Home, dataset: str, folder: Path) -> None:
    """Copy the page of a dataset into the folder of its results, before any other file.

    Whatever ends the writing of the others, the folder then says whose they are.
    """
    page = (home.reports / f"{dataset}.html").read_text(encoding="utf-8")
    write_text(folder / PAGE, page)


def _is_page_of(path: Path, dataset: str) -> bool:
    """Say whether a page is that of a dataset, whose name stands above its title."""
    return path.is_file() and f">{dataset}<" in path.read_text("utf-8", errors="replace")


def warn_unless_drawn(profile: str, files: Sequence[Path], home: Home) -> None:
    """Say plainly that the demo models cannot know what is in videos that were filmed."""
    drawn = home.generated_videos
    if profile == "demo" and not all(path.is_relative_to(drawn) for path in files):
        sys.stderr.write(DEMO_ONLY)
