"""Child processes that decode videos, as a resource."""

from collections.abc import Callable
from functools import partial

import dagster as dg
from pydantic import Field

from zs_dagster.datasets.sources import Reader
from zs_dagster.video.decoders import Decoders
from zs_dagster.video.process import Limits

OpenDecoders = Callable[[], Decoders]


class DecodersResource(dg.ConfigurableResource):
    """Decoding in processes of its own: a file that hangs or crashes costs that file only."""

    workers: int = Field(default=0, ge=0, description="Processes; 0 means one per CPU core.")

    def start(self, reader: Reader) -> Decoders:
        """Return the plain core object, to be used as a context."""
        return self.opener(reader)()

    def opener(self, reader: Reader) -> OpenDecoders:
        """Return what starts decoders, here or in another process."""
        limits = Limits(reader.timeout_s, reader.memory_mb)
        return partial(Decoders, self.workers or None, limits, reader.backend)
