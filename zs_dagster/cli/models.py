"""`zs-dagster models`: which profiles there are, what they need, and whether they work."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from zs_dagster.cli.graph import prepare_environment

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(metavar="PROFILE", help="Name of a profile.")]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="List, download and check model profiles."
)


@app.command("list")
def list_models(*, as_json: AsJson = False) -> None:
    """List the profiles: what each needs, and what of it is on this machine."""
    prepare_environment()
    from zs_dagster.models.profiles import profile_paths

    rows = [_row(name) for name in sorted(profile_paths())]
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        sys.stdout.writelines(line for row in rows for line in _lines(row))


@app.command("pull")
def pull_models(profile: Name, *, as_json: AsJson = False) -> None:
    """Download the weights of a profile; run again, it continues where it stopped."""
    prepare_environment()
    from zs_dagster.models.downloads import pull

    found = [{**asdict(each), "folder": str(each.folder)} for each in pull(profile)]
    if as_json:
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
        return
    for each in found:
        size = each["size_bytes"] / 1e9
        sys.stdout.write(f"{each['repository']}  {size:.3f} GB  {each['folder']}\n")
    if not found:
        sys.stdout.write(f"profile '{profile}' needs no download\n")


@app.command("check")
def check_models(
    profile: Name,
    *,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Load the models of a profile and ask them about a synthetic frame; status 1 if not."""
    prepare_environment()
    from zs_dagster.models.check import check_profile

    found = asdict(check_profile(profile, device))
    if as_json:
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
    else:
        shown = {key: value for key, value in found.items() if value is not None}
        sys.stdout.writelines(f"{key:12} {value}\n" for key, value in shown.items())


def _row(name: str) -> dict[str, Any]:
    from zs_dagster.models.profiles import load_profile
    from zs_dagster.models.weights import fits_device, missing_weights

    profile = load_profile(name)
    return {
        "name": name,
        "description": profile.description,
        "clip": profile.clip.model,
        "lvlm": profile.lvlm.model,
        "needs_gpu": profile.needs_gpu,
        "memory_gb": profile.memory_gb,
        "download_gb": profile.download_gb,
        "licences": profile.licences,
        "missing": missing_weights(name),
        "fits_device": fits_device(profile),
    }


def _lines(row: Mapping[str, Any]) -> Iterator[str]:
    here = "not here" if row["missing"] else "here"
    device = "fits" if row["fits_device"] else "device too small"
    yield f"{row['name']:13} {here:9} {device:17} {row['description']}\n"
    needs = [
        f"GPU memory {row['memory_gb']:g} GB" if row["memory_gb"] else "",
        f"download {row['download_gb']:g} GB" if row["download_gb"] else "",
        ", ".join(f"{model} {licence}" for model, licence in row["licences"].items()),
    ]
    yield f"{'':13} {'; '.join(filter(None, needs)) or 'needs not stated'}\n"
