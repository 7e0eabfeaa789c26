"""Where the models run: in this process, or in workers of a Ray cluster."""

import os
from collections.abc import Callable, Sequence

import dagster as dg
from pydantic import Field

from resources.decoders import OpenDecoders
from resources.ray_workers import Cluster, Outcome, run_on_workers
from zs_dagster.errors import InputError
from zs_dagster.home import Home
from zs_dagster.video.decoders import Decoders

KINDS = ("local", "ray")
Work = Callable[[Sequence, Decoders], list[Outcome]]
"""What one process does for some videos: it stores results and returns what is counted."""


class ComputeResource(dg.ConfigurableResource):
    """Where frames are encoded and asked about; changing it makes nothing stale."""

    kind: str = Field(
        default="", description="local or ray; empty means $ZS_COMPUTE, or local if unset."
    )
    workers: int = Field(
        default=0,
        ge=0,
        description="Ray workers, each with models of its own. 0 means $ZS_RAY_WORKERS, or one "
        "per GPU of the cluster, or one where there is none.",
    )
    gpus_per_worker: float = Field(
        default=1.0, gt=0, description="Ray only; below 1, workers share a GPU."
    )
    cpus_per_worker: float = Field(
        default=1.0, gt=0, description="Ray only; threads of the model where there is no GPU."
    )

    def run(
        self, stage: str, items: Sequence, work: Work, start: OpenDecoders, home: Home
    ) -> list[Outcome]:
        """Have work done for all items, in this process or in workers; returns the outcomes.

        Args:
            stage: Name of the work, for progress.
            items: What to do, one per video: objects that pickle, not numbers or text.
            work: Picklable; imports no framework.
            start: Starts the decoders of a process.
            home: Of this installation; workers see the same folder.

        Raises:
            InputError: If the kind is unknown, or Ray is not installed.
            UnreachableError: If there is no cluster at `$RAY_ADDRESS`.
            ModelError: If workers die again and again.
            ZsDagsterError: What the work raised.
        """
        if self._chosen() == "local" or not items:
            with start() as pool:
                return work(items, pool)
        cluster = Cluster(self._n_workers(), self.gpus_per_worker, self.cpus_per_worker)
        return run_on_workers(cluster, stage, items, work, start, home)

    def _chosen(self) -> str:
        kind = self.kind or os.environ.get("ZS_COMPUTE") or "local"
        if kind not in KINDS:
            raise InputError(f"compute must be {' or '.join(KINDS)}, got '{kind}'")
        return kind

    def _n_workers(self) -> int:
        said = os.environ.get("ZS_RAY_WORKERS") or "0"
        if not said.isdecimal():
            raise InputError(f"ZS_RAY_WORKERS must be a whole number, got '{said}'")
        return self.workers or int(said)
