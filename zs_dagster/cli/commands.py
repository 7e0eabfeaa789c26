"""The commands by name; the module of a command is imported when it is called.

`--help` must answer at once, and most modules bring numpy, pydantic or pyarrow.
"""

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override


class Place(NamedTuple):
    """Where a command is: a function, or the ``app`` of a group, and its line in the help."""

    module: str
    name: str
    help: str


COMMANDS = {
    "demo": Place(
        "demo",
        "demo",
        "Draw the demo videos, localize their actions, print the metrics, write the report.",
    ),
    "run": Place(
        "run", "run", "Localize or classify the actions of a dataset, or train on its captions."
    ),
    "locate": Place(
        "locate",
        "locate",
        "Find actions in videos: prints the segments, writes JSON, CSV and a page to look at.",
    ),
    "classify": Place(
        "classify",
        "classify",
        "Say which class each video shows: prints them, writes JSON, CSV and a page.",
    ),
    "frames": Place(
        "frames",
        "frames",
        "Write the sampled frames as PNG, a contact sheet, and when each one is shown.",
    ),
    "status": Place(
        "status",
        "status",
        "Say per stage what is fresh, stale or missing, and why; computes nothing.",
    ),
    "export": Place(
        "export",
        "export",
        "Write the segments of a dataset for another tool; nothing is ever overwritten.",
    ),
    "import": Place(
        "import_",
        "import_segments",
        "Make a dataset whose ground truth is what people corrected; `run` scores against it.",
    ),
    "sweep": Place(
        "sweep",
        "sweep_grid",
        "Evaluate every combination of parameters from cached scores; nothing is scored anew.",
    ),
    "evaluate": Place("evaluate", "app", "Score predictions against ground truth."),
    "published": Place(
        "published",
        "published",
        "Print published tables beside which `evaluate localization --matrix` puts ours.",
    ),
    "provenance": Place(
        "provenance",
        "provenance",
        "Show what made the numbers of a run: models, questions, parameters, code, data.",
    ),
    "diff": Place(
        "diff",
        "diff",
        "Compare two runs: settings, questions, models, code, numbers; second minus first.",
    ),
    "propose": Place(
        "propose", "propose", "Turn the scores of one class in one video into segments."
    ),
    "queries": Place(
        "queries",
        "queries",
        "Show, write, review, import or export the questions of a dataset's classes.",
    ),
    "datasets": Place("datasets", "app", "List, inspect, check, add and remove datasets."),
    "models": Place("models", "app", "List, download and check model profiles."),
    "train-clip": Place(
        "train",
        "train",
        "Train the CLIP of a profile further on a dataset's labelled clips.",
    ),
    "import-clip": Place(
        "train",
        "import_vifi",
        "Make a model folder of a checkpoint of ViFi-CLIP or its kin.",
    ),
    "sql": Place("sql", "sql", "Query the results database, read-only."),
    "doctor": Place(
        "doctor.command", "doctor", "Check this installation; status 1 if something is wrong."
    ),
    "ui": Place("ui", "ui", "Start the Dagster UI and its daemon; stop with Ctrl-C."),
}


class Commands(TyperGroup):
    """Knows every command by name and imports the one that is called."""

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the help."""
        return list(COMMANDS)

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return what the help shows of a command, without importing it."""
        if cmd_name not in COMMANDS:
            return None
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name].help)

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is called."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, load(name) if found and name else found, rest


def load(name: str) -> Any:  # noqa: ANN401 - a command of click, which has no types of its own
    """Import the module of a command and return the command."""
    place = COMMANDS[name]
    found = getattr(import_module(f"zs_dagster.cli.{place.module}"), place.name)
    if not isinstance(found, typer.Typer):
        app = typer.Typer(add_completion=False)
        app.command(name, cls=_class_of(place.module))(found)
        found = app
    command = typer.main.get_command(found)
    command.name = name
    return command


def _class_of(module: str) -> type[TyperCommand]:
    """Return the class of a command: `run` takes a bare ``--json``, `sql` a comment."""
    if module == "run":
        from zs_dagster.cli.dry_run import DryRunCommand

        return DryRunCommand
    if module == "sql":
        from zs_dagster.cli.sql import SqlCommand

        return SqlCommand
    return TyperCommand
