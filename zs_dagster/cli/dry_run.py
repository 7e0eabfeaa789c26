"""`zs-dagster run DATASET --dry-run`: the cost before the launch."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand
from typing_extensions import override

from zs_dagster.cli.graph import check_options
from zs_dagster.files import write_text

if TYPE_CHECKING:
    from assets.planned import StagePlan

STDOUT = "-"
ANEW = (
    "annotations, candidate classes, segments, metrics and report are computed from tables, "
    "without a model"
)


class DryRunCommand(TyperCommand):
    """Takes a bare ``--json`` with ``--dry-run`` as ``--json -``: a plan is short."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Fill in the dash where no file follows."""
        if "--dry-run" in args and "--json" in args:
            place = args.index("--json") + 1
            if place == len(args) or args[place].startswith("--"):
                args = [*args[:place], STDOUT, *args[place:]]
        return super().parse_args(ctx, args)


def dry_run(
    dataset: str, options: Mapping[str, Mapping[str, Any]], json_file: Path | None
) -> None:
    """Plan a run and print it; nothing is computed, drawn, decoded, written or downloaded."""
    # Imported here: the assets import Dagster.
    from assets.plan import plan_run

    check_options(dataset, "localize", options)
    stages = plan_run(dataset, options.get("class_queries", {}))
    text = json.dumps({asset: asdict(plan) for asset, plan in stages.items()}, indent=1) + "\n"
    if json_file == Path(STDOUT):
        sys.stdout.write(text)
        return
    _show(stages)
    if json_file is not None:
        write_text(json_file, text)


def _show(stages: "Mapping[str, StagePlan]") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(title="dry run: nothing was computed", title_justify="left")
    table.add_column("asset", no_wrap=True)
    for name in ("to compute", "reused", "LVLM forwards", "TFLOP", "hours"):
        table.add_column(name, justify="right")
    for asset, plan in stages.items():
        counts = (plan.to_compute, plan.reused, plan.lvlm_forwards)
        amounts = (_amount(plan.tflop), _amount(plan.hours))
        table.add_row(asset, *(f"{count:,}" for count in counts), *amounts)
    console.print(table)
    for asset, plan in stages.items():
        for note in plan.notes:
            console.print(f"{asset}: {note}", markup=False, soft_wrap=True)
    console.print(ANEW, soft_wrap=True)


def _amount(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.3g}"
