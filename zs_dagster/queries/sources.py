"""Who writes the questions of a class: the user's bank, the shipped ones, or a template."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from zs_dagster.digests import digest
from zs_dagster.queries.bank import QueryBank
from zs_dagster.queries.class_query import ClassQuery, QueryWriter

SHIPPED = Path(__file__).with_name("shipped")
# Datasets with annotated starts and ends come first: their questions are about those moments.
ORDER = ("thumos14", "activitynet13", "hmdb51", "ucf101", "kinetics")
TEMPLATE = "template"


@cache
def shipped_banks() -> tuple[QueryBank, ...]:
    """Return the banks that come with the project; a file is read when first searched."""
    rank = {stem: place for place, stem in enumerate(ORDER)}
    paths = sorted(SHIPPED.glob("*.yaml"), key=lambda p: (rank.get(p.stem, len(rank)), p.stem))
    return tuple(QueryBank(path, name=f"shipped:{path.stem}") for path in paths)


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
        description=f"a video of the action {name}",
        source=TEMPLATE,
    )


@dataclass(frozen=True)
class QuerySources:
    """A `QueryWriter` that asks one source after the other; the last one knows every class.

    Attributes:
        banks: In the order of asking.
        prompt_names: Label -> the class as it is written in prompts.
    """

    banks: tuple[QueryBank, ...]
    prompt_names: Mapping[str, str]

    def key(self, label: str) -> str:
        """Return the digest of the texts and their source, so that an edit is seen."""
        return digest("sources", asdict(self.write(label)))

    def write(self, label: str) -> ClassQuery:
        """Return the texts of the first source that has the class."""
        name = self.prompt_names.get(label, label)
        found = (bank.find(label, name) for bank in self.banks)
        return next((query for query in found if query), None) or from_template(label, name)


def find_writer(
    bank: Path | None, prompt_names: Mapping[str, str], prefer: str = ""
) -> QueryWriter:
    """Return the writer that knows every class.

    Args:
        bank: The user's own bank file; it comes before the shipped ones.
        prompt_names: Label -> the class as it is written in prompts.
        prefer: Name of a dataset: the shipped bank whose name it begins with is asked first,
            since the same label may mean another action elsewhere (HMDB51: dive).
    """
    own = () if bank is None else (QueryBank(bank),)
    shipped = sorted(shipped_banks(), key=lambda b: not prefer.lower().startswith(b.path.stem))
    return QuerySources((*own, *shipped), prompt_names)


def unused_labels(bank: Path, labels: Sequence[str]) -> list[str]:
    """Return the classes of a bank file that are no class of the dataset, for a warning."""
    return QueryBank(bank).unused(labels)
