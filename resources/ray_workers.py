"""Videos handed out to processes of a Ray cluster, each with models and decoders of its own.

Workers store what they compute in the home that all share; only counts come back. One that
dies costs the videos that it had at hand, and those are done again.
"""

import json
import logging
import os
import secrets
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zs_dagster import errors
from zs_dagster.home import Home
from zs_dagster.progress import listening, track
from zs_dagster.video.decoders import Decoders

Outcome = dict[str, Any]
"""What is counted of one video; plain values."""

MOST_VIDEOS_AT_HAND = 8  # Enough to decode the next video while one is encoded.
BATCHES_PER_WORKER = 4  # At least, so that workers end at about the same time.
MOST_TRIES_AGAIN = 3  # A video on which every worker dies must not keep the cluster for ever.
OBJECT_STORE_BYTES = 100 << 20  # Only counts and names pass through it.
PACKAGE = "zs_dagster"
OWN = "local"
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_DISABLE_PROGRESS_BARS": "1"}
ALONE = {
    # What Ray does where machines form no cluster: listen on the loopback interface only.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    # Other users of this machine are asked for a token, new each time.
    "RAY_AUTH_MODE": "token",
}


@dataclass(frozen=True)
class Cluster:
    """How a cluster is used.

    Attributes:
        workers: How many; 0 means one per GPU, or one where there is none.
        gpus: Of each worker, where the cluster has any.
        cpus: Of each worker.
    """

    workers: int
    gpus: float
    cpus: float


def run_on_workers(
    cluster: Cluster,
    stage: str,
    items: Sequence[Any],
    work: Callable[[Sequence[Any], Decoders], list[Outcome]],
    start: Callable[[], Decoders],
    home: Home,
) -> list[Outcome]:
    """Do work for all items on workers; see `ComputeResource.run`."""
    ray = connected()
    gpus_there = ray.cluster_resources().get("GPU", 0)
    gpus = cluster.gpus if gpus_there else 0
    workers = cluster.workers or max(1, int(gpus_there / cluster.gpus))
    at_hand = max(1, min(MOST_VIDEOS_AT_HAND, len(items) // (workers * BATCHES_PER_WORKER)))
    rows = [{"item": item} for item in items]
    with warnings.catch_warnings():
        # No other argument bounds the tries; see the version of Ray in pyproject.toml.
        warnings.filterwarnings("ignore", message="`ray_remote_args` is deprecated")
        handed_out = ray.data.from_items(
            rows, override_num_blocks=-(-len(items) // at_hand)
        ).map_batches(
            Worker,
            fn_constructor_args=(work, start, str(home.root)),
            batch_size=at_hand,
            compute=ray.data.ActorPoolStrategy(
                size=min(workers, len(items)), max_tasks_in_flight_per_actor=1
            ),
            num_cpus=cluster.cpus,
            num_gpus=gpus,
            max_task_retries=MOST_TRIES_AGAIN,
        )
    try:
        return list(track(outcomes_of(handed_out.iter_rows()), stage, len(items)))
    except ray.exceptions.RayActorError as error:
        raise errors.ModelError(
            f"{stage}: a Ray worker must live through its videos, but died "
            f"{MOST_TRIES_AGAIN + 1} times; see Ray's logs for why (often: no memory)"
        ) from error


class Worker:
    """One process of the cluster. Models are loaded when the first video needs them."""

    def __init__(
        self,
        work: Callable[[Sequence[Any], Decoders], list[Outcome]],
        start: Callable[[], Decoders],
        home: str,
    ) -> None:
        os.environ["ZS_HOME"] = home
        # Ends with the process, as its children do.
        self._work, self._pool = work, start().__enter__()

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[str]]:
        """Do the work; each line of the column is JSON: an outcome, a warning or an error."""
        said = _Said()
        package = logging.getLogger(PACKAGE)
        package.addHandler(said)
        try:
            with listening(lambda *_: None):
                done = self._work(list(batch["item"]), self._pool)
            told: list[dict[str, Any]] = [{"outcome": outcome} for outcome in done]
        except Exception as error:
            if not (isinstance(error, errors.ZsDagsterError) or errors.passes(error)):
                raise
            told = [{"error": _name(error), "message": str(error)}]
        finally:
            package.removeHandler(said)
        return {"told": [json.dumps(one) for one in [*said.warnings, *told]]}


class _Said(logging.Handler):
    """Keeps warnings, which nobody would see in the log of a worker."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:  # type: ignore[explicit-override]
        """Keep a warning."""
        self.warnings.append({"logger": record.name, "message": record.getMessage()})


def outcomes_of(rows: Iterable[Mapping[str, str]]) -> Iterator[Outcome]:
    """Warn and raise here as the work did there."""
    for row in rows:
        one = json.loads(row["told"])
        if "error" in one:
            raise _named(one["error"], one["message"])
        if "outcome" in one:
            yield one["outcome"]
        else:
            logging.getLogger(one["logger"]).warning("%s", one["message"])


def _name(error: Exception) -> str:
    """Name the nearest class of `errors` that a message alone makes; want of memory is none."""
    kinds = (kind.__name__ for kind in type(error).__mro__ if kind is not errors.VideoError)
    return next((kind for kind in kinds if hasattr(errors, kind)), MemoryError.__name__)


def _named(name: str, message: str) -> Exception:
    kind: type[Exception] = getattr(errors, name, MemoryError)
    return kind(message)


def connected(cpus: int | None = None) -> Any:  # noqa: ANN401 - the module
    """Return Ray, connected to `$RAY_ADDRESS` or to a cluster of this process.

    Args:
        cpus: Of a cluster of this process; by default those of the machine.

    Raises:
        InputError: If Ray is not installed.
        UnreachableError: If no cluster answers at the address.
    """
    address = os.environ.get("RAY_ADDRESS") or OWN
    for name, value in {**QUIET, **(ALONE if address == OWN else {})}.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise errors.InputError(
            "compute: ray needs the extra `ray`, which is not installed; get it with "
            "`pip install -e '.[ray]'` or set ZS_COMPUTE=local"
        ) from error
    if not ray.is_initialized():
        own: dict[str, Any] = {}
        if address == OWN:
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
            own = {"object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
        try:
            ray.init(
                address,
                num_cpus=cpus,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **own,
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise errors.UnreachableError(
                f"a Ray cluster must answer at RAY_ADDRESS, got '{address}': {error}"
            ) from error
    # Its progress and tracebacks say nothing that is not said here.
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    ray.data.DataContext.get_current().enable_progress_bars = False
    return ray
