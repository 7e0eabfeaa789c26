"""What a stage does about a failure that passes, and about damaged data.

A person at the command line is told at once. A run that nobody waits for tries again.
"""

import inspect
import logging
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import dagster as dg

from assets.automation.tags import RETRIES, RETRY_STEPS
from resources.home import HomeResource
from zs_dagster.errors import DamagedEntryError, passes
from zs_dagster.integrity import set_aside_damaged
from zs_dagster.provenance import PROCESS_TAG

MOST_TRIES_AGAIN = 3
FIRST_PAUSE_S = 60.0
FACTOR = 4  # 1, 4 and 16 minutes: a server that starts anew, a full disk that is tidied up.

logger = logging.getLogger("zs_dagster.faults")


def contained(compute: Callable[..., Any]) -> Callable[..., Any]:
    """Make a stage try again after failures that pass, and clear damaged data away.

    What it raises stays as it is where a person waits, and where nothing passes.
    """
    if inspect.isgeneratorfunction(compute):

        @wraps(compute)
        def stream(
            context: dg.AssetExecutionContext,
            **resources: Any,  # noqa: ANN401 - whatever the stage uses
        ) -> Iterator[Any]:
            try:
                yield from compute(context, **resources)
            except Exception as error:
                _respond(context, resources["home"], error)
                raise

        return stream

    @wraps(compute)
    def call(context: dg.AssetExecutionContext, **resources: Any) -> Any:  # noqa: ANN401
        try:
            return compute(context, **resources)
        except Exception as error:
            _respond(context, resources["home"], error)
            raise

    return call


def _respond(context: dg.AssetExecutionContext, home: HomeResource, error: Exception) -> None:
    """Do what helps; returns where nothing is left but to raise.

    Raises:
        RetryRequested: If nobody waits, and the same may go well later.
    """
    is_waited_for = PROCESS_TAG in context.run.tags
    if isinstance(error, DamagedEntryError):
        _clear(context, home)
        if not is_waited_for:
            # The stage that made the data has to run again, not this one.
            context.instance.add_run_tags(context.run.run_id, {**RETRIES, **RETRY_STEPS})
    elif passes(error) and not is_waited_for:
        pause_s = FIRST_PAUSE_S * FACTOR**context.retry_number
        logger.warning("%s; the next try follows in %g s", error, pause_s)
        raise dg.RetryRequested(MOST_TRIES_AGAIN, pause_s) from error


def _clear(context: dg.AssetExecutionContext, home: HomeResource) -> None:
    """Set aside all that is damaged, so that one more run is enough."""
    for path in set_aside_damaged(home.get()):
        context.log.warning(f"{path} is damaged too and was set aside")
