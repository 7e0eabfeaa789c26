"""The rules applied to all classes of a dataset at once."""

from collections import defaultdict
from collections.abc import Sequence

from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.queries.rules import Problem, content_words, problems

QUESTIONS = ("start_question", "end_question")


def review(queries: Sequence[ClassQuery]) -> dict[str, list[Problem]]:
    """Return the problems of each class, by label; classes without any have an empty list.

    A question that two classes share at the same end of the action is a problem of both: of
    two such classes the LVLM can tell one from the other by the name in the prompt alone.
    """
    found = {
        query.label: problems(
            query.start_question,
            query.end_question,
            query.description,
            query.middle_question,
        )
        for query in queries
    }
    for field in QUESTIONS:
        for group in _sharing(queries, field):
            for query in group:
                others = [other.label for other in group if other is not query]
                reason = f"is also that of '{others[0]}': '{getattr(query, field)}'"
                more = f" and {len(others) - 1} more" if len(others) > 1 else ""
                found[query.label].append(Problem(field, "shared", f"{reason}{more}"))
    return found


def _sharing(queries: Sequence[ClassQuery], field: str) -> list[list[ClassQuery]]:
    groups: dict[tuple[str, ...], list[ClassQuery]] = defaultdict(list)
    for query in queries:
        groups[content_words(getattr(query, field))].append(query)
    return [group for group in groups.values() if len(group) > 1]
