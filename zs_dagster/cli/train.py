"""`zs-dagster train-clip` and `import-clip`: a CLIP of one's own, as a folder for a profile."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zs_dagster.cli import console
from zs_dagster.cli.graph import prepare_environment
from zs_dagster.cli.labelled_clips import VideoClips, labels_of, probed_clips
from zs_dagster.datasets.catalogue import find_dataset, load_catalogue
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.splits import load_splits
from zs_dagster.errors import InputError
from zs_dagster.models.profiles import Clip, load_profile

if TYPE_CHECKING:
    from zs_dagster.models.clip_training.base import Base
    from zs_dagster.models.clip_training.recipe import Recipe

Out = Annotated[Path, typer.Option(help="New folder for the model.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]


def train(  # noqa: PLR0913 - one keyword per option
    dataset: Annotated[str, typer.Argument(help="Dataset with task: classification.")],
    *,
    base_profile: Annotated[str, typer.Option(help="Profile whose CLIP is trained.")],
    out: Out,
    recipe: Annotated[str, typer.Option(help="zar, vifi or few-shot.")] = "zar",
    epochs: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    accumulation: Annotated[
        int | None, typer.Option(help="Parts of a batch; more parts, less memory.")
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help="File of labels, one a line: only these.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Split whose seen classes are trained on.")
    ] = None,
    subset: Annotated[
        str | None, typer.Option(help="Official list of videos, such as train1.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    resume: Annotated[bool, typer.Option(help="Go on after a kill.")] = False,
    skip_unreadable: Annotated[
        bool, typer.Option(help="Leave out videos that are missing or broken.")
    ] = False,
    device: Device = "auto",
) -> None:
    """Train the CLIP of a profile further on a dataset's labelled clips."""
    described = find_dataset(load_catalogue(prepare_environment().datasets), dataset)
    chosen = _recipe(recipe, epochs, accumulation)
    labels = _classes(described, classes, split)
    from zs_dagster.models.clip_training.loop import Job
    from zs_dagster.models.clip_training.result import check_new
    from zs_dagster.models.clip_training.train import check_job, train_clip
    from zs_dagster.video.decoders import Decoders
    from zs_dagster.video.process import Limits

    check_new(out)
    videos = _few(labels_of(described, labels, subset), chosen, seed)
    names = {label: described.prompt_names[label] for label in labels}
    limits = Limits(described.reader.timeout_s, described.reader.memory_mb)
    with console.progress(), Decoders(None, limits, described.reader.backend) as pool:
        clips, lost = probed_clips(described, videos, pool, skip=skip_unreadable)
        source = VideoClips(clips, labels, chosen.frames, pool)
        notes = {"dataset": dataset, "subset": subset, "left_out": lost}
        job = Job(source, names, chosen, seed, notes)
        check_job(job)
        base = _base(load_profile(base_profile).clip, device)
        record = train_clip(base, job, out, resume=resume)
    sys.stdout.writelines(_epochs(record))
    sys.stdout.write(_next_step(out))


def import_vifi(
    checkpoint: Annotated[Path, typer.Argument(help="File of torch.save.")],
    *,
    base: Annotated[str, typer.Option(help="NAME@TAG of open_clip, or local-dir:FOLDER.")],
    out: Out,
    norm: Annotated[
        str, typer.Option(help="Mean and std of the pixels: base or imagenet.")
    ] = "base",
) -> None:
    """Make a model folder of a checkpoint of ViFi-CLIP or its kin."""
    from zs_dagster.models.clip_training import vifi

    vifi.check_import(checkpoint, out, norm)
    model, at, tag = base.rpartition("@")
    named = Clip(model=model, pretrained=tag) if at else Clip(model=base)
    report = vifi.import_vifi(checkpoint, _base(named, "cpu"), out, norm=norm)
    lines = [
        f"used       {len(report.used)} weights",
        f"dropped    {', '.join(report.dropped) or 'none'}",
        f"from base  {', '.join(report.from_base) or 'none'}",
    ]
    sys.stdout.write("\n".join(lines) + "\n" + _next_step(out))


def _recipe(name: str, epochs: int | None, accumulation: int | None) -> "Recipe":
    """Take a preset with other numbers; the warm-up is half of a short training at most."""
    from zs_dagster.models.clip_training.recipe import find_recipe

    recipe = find_recipe(name)
    if epochs is not None:
        warm_up = min(recipe.warm_up_epochs, max(0, epochs) // 2)
        recipe = replace(recipe, epochs=epochs, warm_up_epochs=warm_up)
    if accumulation is not None:
        recipe = replace(recipe, accumulation=accumulation)
    return recipe


def _classes(dataset: Dataset, file: Path | None, split: str | None) -> tuple[str, ...]:
    """Return the classes to train on, in the order of the dataset.

    Raises:
        InputError: If both are given, the file or split is missing, or a label is no class.
    """
    if file is not None and split is not None:
        raise InputError("--classes and --split both choose classes; give one of them")
    if file is None and split is None:
        return dataset.classes
    chosen = _listed(file) if file is not None else _seen(dataset, str(split))
    unknown = sorted(set(chosen) - set(dataset.classes))
    if unknown:
        raise InputError(
            f"{file or split}: '{unknown[0]}' is no class of dataset '{dataset.name}'; "
            f"see zs-dagster datasets show {dataset.name}"
        )
    return tuple(label for label in dataset.classes if label in set(chosen))


def _listed(file: Path) -> Sequence[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--classes must be a text file, got '{file}': {error}") from error
    return [line.strip() for line in lines if line.strip()]


def _seen(dataset: Dataset, split: str) -> Sequence[str]:
    splits = load_splits(dataset)
    if split not in splits:
        known = ", ".join(splits) or "none"
        raise InputError(
            f"--split must be one of dataset '{dataset.name}', which has {known}; got '{split}'"
        )
    return splits[split].seen


def _few(labels: dict[str, str], recipe: "Recipe", seed: int) -> dict[str, str]:
    from zs_dagster.models.clip_training.few_shot import few_shots

    if not recipe.shots:
        return labels
    return {video: labels[video] for video in few_shots(labels, recipe.shots, seed)}


def _base(clip: Clip, device: str) -> "Base":
    from zs_dagster.models.clip_training.base import load_base
    from zs_dagster.models.devices import choose_device

    return load_base(clip.model, clip.pretrained, choose_device(device))


def _epochs(record: Mapping[str, Any]) -> Iterator[str]:
    yield f"{record['clips']} clips of {len(record['classes'])} classes\n"
    for epoch in record["epochs"]:
        yield (
            f"epoch {epoch['epoch']:3}  loss {epoch['loss']:.4f}  "
            f"accuracy {epoch['accuracy']:.1%}\n"
        )


def _next_step(out: Path) -> str:
    return f"written  {out}\nprofile  clip: {{model: 'local-dir:{out.absolute()}'}}\n"
