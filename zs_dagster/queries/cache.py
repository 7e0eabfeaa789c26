"""What was written once is never written again: the texts of a class, cached by its key."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict

from zs_dagster.digests import digest
from zs_dagster.errors import BudgetError, ModelError, QueryError
from zs_dagster.progress import track
from zs_dagster.queries.class_query import KIND, ClassQuery, QueryWriter
from zs_dagster.store import Store

CLASSES_AT_ONCE = 4
Futures = dict[str, Future[ClassQuery]]


def cached_queries(
    writer: QueryWriter, labels: Sequence[str], store: Store
) -> tuple[list[ClassQuery], int]:
    """Return the queries of all labels, asking the writer only for those not cached.

    A few classes are written at once, and each is stored as soon as it is there.

    Returns:
        The queries in the order of the labels, and how many were written anew.

    Raises:
        QueryError: If no valid text came for a class; all others are stored by then.
        ModelError, BudgetError: If nobody can be asked any more; says how many were stored.
    """
    found = {label: cached_query(writer.key(label), store) for label in labels}
    missing = [label for label, query in found.items() if query is None]
    if missing:
        found.update(_write(writer, missing, store))
    return [query for query in map(found.get, labels) if query], len(missing)


def cached_query(key: str, store: Store) -> ClassQuery | None:
    """Return the texts stored for the key of a class, or ``None`` if none can be read."""
    document = store.load_document(KIND, _entry(key))
    try:
        return None if document is None else ClassQuery(**document)
    except (TypeError, AttributeError, QueryError):
        return None


def _write(writer: QueryWriter, labels: Sequence[str], store: Store) -> dict[str, ClassQuery]:
    def write(label: str) -> ClassQuery:
        query = writer.write(label)
        store.save_document(KIND, _entry(writer.key(label)), asdict(query))
        return query

    with ThreadPoolExecutor(CLASSES_AT_ONCE) as pool:
        futures = {label: pool.submit(write, label) for label in labels}
        try:
            for future in track(as_completed(futures.values()), "class_queries", len(labels)):
                _raise_unless_about_a_class(future)
        except BaseException as error:
            pool.shutdown(cancel_futures=True)  # Waits for the classes under way.
            if isinstance(error, (ModelError, BudgetError)):
                raise type(error)(f"{error} ({_kept(futures)})") from error
            raise
    _raise_failed(futures)
    return {label: future.result() for label, future in futures.items()}


def _raise_unless_about_a_class(future: Future[ClassQuery]) -> None:
    error = future.exception()
    if error is not None and not isinstance(error, QueryError):
        raise error


def _raise_failed(futures: Futures) -> None:
    failed = {label: f.exception() for label, f in futures.items() if f.exception()}
    if failed:
        first, *others = failed
        also = f"; neither could {', '.join(map(repr, others))} be written" if others else ""
        kept = f" ({_kept(futures)})" if len(futures) > 1 else ""
        raise QueryError(f"{failed[first]}{also}{kept}") from failed[first]


def _kept(futures: Futures) -> str:
    kept = sum(f.done() and not f.cancelled() and not f.exception() for f in futures.values())
    return f"{kept} of {len(futures)} classes were written and are kept"


def _entry(key: str) -> str:
    return digest(KIND, key)
