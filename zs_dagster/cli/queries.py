"""`zs-dagster queries`: what is asked about the classes of a dataset, and who wrote it."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from zs_dagster.cli import console
from zs_dagster.cli.graph import prepare_environment
from zs_dagster.datasets.catalogue import find_dataset, load_catalogue
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import InputError
from zs_dagster.home import Home
from zs_dagster.queries.budget import DEFAULT_MAX_CALLS, DEFAULT_MAX_TOKENS, Budget
from zs_dagster.queries.cache import cached_queries
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.estimate import Estimate, estimate
from zs_dagster.queries.export import export_bank
from zs_dagster.queries.importing import import_bank
from zs_dagster.queries.llm_writer import LlmWriter
from zs_dagster.queries.prompt_sets import PROMPT_SETS
from zs_dagster.queries.review import review
from zs_dagster.queries.rules import Problem
from zs_dagster.queries.sources import QuerySources, find_writer, own_banks

Problems = dict[str, list[Problem]]
NOT_WRITTEN = "not written"
USE_THEM = (
    "dataset '{name}' still uses the shipped questions: set `question_writer: llm` in its "
    "file, or take these over with --models {profile} --export FILE, then --import FILE\n"
)


def queries(  # noqa: PLR0913 - one keyword per option
    dataset: Annotated[str, typer.Argument(help="Name of a dataset of the catalogue.")],
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Ask the LLM for classes not yet written.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what --write would cost; ask nobody.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--review", help="Mark texts that break a rule.")
    ] = False,
    bank: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="Use this bank first.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a bank to edit.")
    ] = None,
    models: Annotated[
        str | None, typer.Option(help="Profile whose LLM is meant; else the dataset's.")
    ] = None,
    max_calls: Annotated[int, typer.Option(min=0)] = DEFAULT_MAX_CALLS,
    max_tokens: Annotated[int, typer.Option(min=0)] = DEFAULT_MAX_TOKENS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show, write, review, import or export the questions of a dataset's classes."""
    home = prepare_environment()
    described = find_dataset(load_catalogue(home.datasets), dataset)
    if bank is not None:
        _import(home, described, bank)
    asks = write or dry_run or models is not None or described.question_writer == "llm"
    profile = models or described.profile
    budget = Budget(max_calls, max_tokens)
    writer = _writer(home, described, profile if asks else None, budget)
    if dry_run:
        _show_estimate(estimate(writer, described.classes, home.store), as_json)
        return
    if write:
        _write(home, writer, described, profile, budget)
    found = {label: writer.known(label, home.store) for label in described.classes}
    if export is not None:
        _export(export, found)
        return
    problems = review([query for query in found.values() if query]) if check else None
    _show(found, problems, as_json)


def _writer(home: Home, dataset: Dataset, profile: str | None, budget: Budget) -> QuerySources:
    """Return who writes; the LLM of a profile is asked only if one is given."""
    banks = own_banks(home, dataset.name, dataset.queries)
    if profile is None:
        return find_writer(banks, dataset.prompt_names, dataset.name)
    # Imported here: the other uses of this command need no model.
    from zs_dagster.models.loading import Models
    from zs_dagster.models.profiles import load_profile

    llm = load_profile(profile).named_llm()
    client, prompts = Models().llm(profile), PROMPT_SETS[llm.prompts]
    asked = LlmWriter(client, llm.settings(), prompts, budget)
    return find_writer(banks, dataset.prompt_names, dataset.name, asked)


def _import(home: Home, dataset: Dataset, path: Path) -> None:
    found = import_bank(home, dataset.name, dataset.classes, path)
    for label, problems in review(found).items():
        for problem in problems:
            sys.stderr.write(f"warning: class '{label}': {problem.sentence}\n")
    sys.stderr.write(
        f"imported {len(found)} of {len(dataset.classes)} classes; delete "
        f"'{home.queries / dataset.name}.yaml' to undo it\n"
    )


def _write(
    home: Home, writer: QuerySources, dataset: Dataset, profile: str, budget: Budget
) -> None:
    with console.progress():
        _, written = cached_queries(writer, dataset.classes, home.store)
    sys.stderr.write(
        f"wrote {written} of {len(dataset.classes)} classes with {budget.calls} calls and "
        f"{budget.tokens} tokens\n"
    )
    if dataset.question_writer != "llm":
        sys.stderr.write(USE_THEM.format(name=dataset.name, profile=profile))


def _export(path: Path, found: dict[str, ClassQuery | None]) -> None:
    known = [query for query in found.values() if query]
    if not known:
        raise InputError("--export: no class is written yet; run with --write")
    export_bank(path, known)
    sys.stderr.write(f"exported {len(known)} of {len(found)} classes to '{path}'\n")


def _show_estimate(cost: Estimate, as_json: bool) -> None:
    rows = cost.row()
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        sys.stdout.writelines(f"{name:18} {value}\n" for name, value in rows.items())


def _show(
    found: dict[str, ClassQuery | None], problems: Problems | None, as_json: bool
) -> None:
    if as_json:
        rows = [_row(label, query, problems) for label, query in found.items()]
        sys.stdout.write(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    else:
        _show_table(found, problems)


def _row(label: str, query: ClassQuery | None, problems: Problems | None) -> dict[str, Any]:
    texts = query.texts() if query else {"label": label, "source": None}
    marked: dict[str, Any] = {}
    if problems is not None:
        marked["problems"] = [vars(problem) for problem in problems.get(label, ())]
    return {**texts, "provenance": dict(query.provenance) if query else {}, **marked}


def _show_table(found: dict[str, ClassQuery | None], problems: Problems | None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=True)
    for name in ("class", "source", "start", "end", "description"):
        table.add_column(name, overflow="fold")
    for label, query in found.items():
        cells: Sequence[str] = [NOT_WRITTEN, "", "", ""]
        if query is not None:
            texts = (query.start_question, query.end_question, query.description)
            cells = [query.source, *texts]
        table.add_row(*map(Text, (label, *cells)))
    output = Console(highlight=False)
    output.print(table)
    if problems is not None:
        _show_problems(output, problems)


def _show_problems(output: Any, problems: Problems) -> None:  # noqa: ANN401 - rich, imported late
    marked = {label: found for label, found in problems.items() if found}
    for label, found in marked.items():
        for problem in found:
            line = f"{problem.rule:14} {label}: {problem.sentence}"
            output.print(line, markup=False, soft_wrap=True)
    output.print(f"{len(marked)} of {len(problems)} classes have problems")
