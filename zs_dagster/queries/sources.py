"""Who writes the questions of a class: a bank, an LLM, the shipped texts, a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from zs_dagster.digests import digest
from zs_dagster.home import Home
from zs_dagster.queries.bank import QueryBank
from zs_dagster.queries.cache import cached_query
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.llm_writer import LlmWriter
from zs_dagster.store import Store

SHIPPED = Path(__file__).with_name("shipped")
DEMO_BANK = Path(__file__).parents[1] / "demo" / "queries.yaml"
DEMO = "demo"
"""What a dataset says in ``queries`` to have the bank of the drawn videos."""
# Datasets with annotated starts and ends come first: their questions are about those moments.
ORDER = ("thumos14", "activitynet13", "hmdb51", "ucf101", "kinetics")
TEMPLATE = "template"
IMPORTED = "imported"


@cache
def shipped_banks() -> tuple[QueryBank, ...]:
    """Return the banks that come with the project; a file is read when first searched."""
    rank = {stem: place for place, stem in enumerate(ORDER)}
    paths = sorted(SHIPPED.glob("*.yaml"), key=lambda p: (rank.get(p.stem, len(rank)), p.stem))
    return tuple(QueryBank(path, name=f"shipped:{path.stem}") for path in paths)


def own_banks(home: Home, dataset: str, named: str | None) -> tuple[QueryBank, ...]:
    """Return the user's own banks for a dataset: an imported one, then the one it names.

    Args:
        home: Where imported banks lie.
        dataset: Name of the dataset.
        named: Its ``queries``: a bank file, or ``demo``.
    """
    imported = home.queries / f"{dataset}.yaml"
    banks = (QueryBank(imported, IMPORTED),) if imported.exists() else ()
    if named is None:
        return banks
    return (*banks, QueryBank(DEMO_BANK if named == DEMO else Path(named)))


def from_template(label: str, name: str) -> ClassQuery:
    """Return questions for a class of which only the name is known.

    The name stands in quotes, so that a noun ("golf swing") and a verb ("open the fridge")
    both fit; what one frame can show of a start or an end is a pose and an outcome.
    """
    return ClassQuery(
        label=label,
        prompt_name=name,
        start_question=f"Is someone getting into position to begin the action '{name}'?",
        end_question=f"Does this frame show the final pose or result of the action '{name}'?",
        middle_question=f"Is someone in the middle of the action '{name}'?",
        description=f"a video of the action {name}",
        source=TEMPLATE,
    )


@dataclass(frozen=True)
class QuerySources:
    """A `QueryWriter` that asks one source after the other; the last one knows every class.

    Attributes:
        banks: In the order of asking.
        prompt_names: Label -> the class as it is written in prompts.
        llm: Asked for what the banks lack; the template if there is none.
    """

    banks: tuple[QueryBank, ...]
    prompt_names: Mapping[str, str]
    llm: LlmWriter | None = None

    def key(self, label: str) -> str:
        """Return the digest of the texts and their source, or of how an LLM is asked."""
        query = self._given(label)
        if query is None and self.llm is not None:
            return self.llm.key(label, self._name(label))
        return digest("sources", (query or self._template(label)).texts())

    def write(self, label: str) -> ClassQuery:
        """Return the texts of the first source that has the class; may ask the LLM."""
        query = self._given(label)
        if query is None and self.llm is not None:
            return self.llm.write(label, self._name(label))
        return query or self._template(label)

    def known(self, label: str, store: Store) -> ClassQuery | None:
        """Return the texts of a class without asking an LLM; ``None`` if it has to be asked."""
        if self.llm is None:
            return self.write(label)
        return self._given(label) or cached_query(self.key(label), store)

    def prompt_tokens(self, labels: Sequence[str]) -> int:
        """Estimate the tokens of asking the LLM once for each of the classes."""
        if self.llm is None:
            return 0
        return sum(self.llm.prompt_tokens(label, self._name(label)) for label in labels)

    def _given(self, label: str) -> ClassQuery | None:
        found = (bank.find(label, self._name(label)) for bank in self.banks)
        return next((query for query in found if query), None)

    def _template(self, label: str) -> ClassQuery:
        return from_template(label, self._name(label))

    def _name(self, label: str) -> str:
        return self.prompt_names.get(label, label)


def find_writer(
    banks: Sequence[QueryBank],
    prompt_names: Mapping[str, str],
    prefer: str = "",
    llm: LlmWriter | None = None,
) -> QuerySources:
    """Return the writer that knows every class.

    Args:
        banks: The user's own; they come first.
        prompt_names: Label -> the class as it is written in prompts.
        prefer: Name of a dataset: the shipped bank whose name it begins with is asked first,
            since the same label may mean another action elsewhere (HMDB51: dive).
        llm: Asked in place of the shipped banks and the template.
    """
    if llm is not None:
        return QuerySources(tuple(banks), prompt_names, llm)
    shipped = sorted(shipped_banks(), key=lambda b: not prefer.lower().startswith(b.path.stem))
    return QuerySources((*banks, *shipped), prompt_names)
