"""Class labels -> yes/no questions and descriptions, cached per class."""

import logging
from dataclasses import replace
from typing import Any

import dagster as dg
from pydantic import Field
from typing_extensions import override

from assets.stage import publish, stage
from assets.trials import Trial
from resources.home import HomeResource
from resources.library import VideoLibrary
from resources.models import ModelsResource
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import QueryError
from zs_dagster.queries.cache import cached_queries
from zs_dagster.queries.class_query import ClassQuery

logger = logging.getLogger("zs_dagster.class_queries")


class ClassQueriesConfig(Trial):
    """Texts to try in place of the written ones, by class label; the cache stays as it is."""

    start_questions: dict[str, str] = Field(default={}, description="Label -> start question.")
    end_questions: dict[str, str] = Field(default={}, description="Label -> end question.")
    middle_questions: dict[str, str] = Field(default={}, description="Label -> middle one.")
    descriptions: dict[str, str] = Field(default={}, description="Label -> description.")

    def applied_to(self, query: ClassQuery) -> ClassQuery:
        """Return the query with the texts given for its class."""
        given = {
            "start_question": self.start_questions.get(query.label),
            "end_question": self.end_questions.get(query.label),
            "middle_question": self.middle_questions.get(query.label),
            "description": self.descriptions.get(query.label),
        }
        texts: dict[str, Any] = {name: text for name, text in given.items() if text is not None}
        return replace(query, source="run configuration", **texts) if texts else query

    @override
    def check(self, dataset: Dataset) -> None:
        """Refuse texts of classes that the dataset does not have.

        Raises:
            QueryError: Naming the first of them.
        """
        questions = {*self.start_questions, *self.end_questions, *self.middle_questions}
        given = questions | {*self.descriptions}
        unknown = sorted(given - set(dataset.classes))
        if unknown:
            raise QueryError(f"'{unknown[0]}' is not a class of dataset '{dataset.name}'")


@stage("language", deps=["questions"], kinds=["yaml"])
def class_queries(
    context: dg.AssetExecutionContext,
    config: ClassQueriesConfig,
    home: HomeResource,
    library: VideoLibrary,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """One row per class: start question, end question, description, and who wrote them."""
    dataset = library.dataset(context.partition_key)
    config.check(dataset)
    for label in library.unused_queries(dataset):
        logger.warning("the query bank has '%s', which is no class of the dataset", label)
    writer = library.query_writer(dataset, models.get())
    queries, written = cached_queries(writer, dataset.classes, home.get().store)
    rows = [config.applied_to(query).row() for query in queries]
    return publish(context, home.get(), rows, computed=written, reused=len(rows) - written)
