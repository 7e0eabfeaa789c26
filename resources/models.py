"""The models as a resource."""

import dagster as dg
from pydantic import Field

from zs_dagster.models.loading import Models


class ModelsResource(dg.ConfigurableResource):
    """CLIP and LVLM by profile; nothing is loaded before an asset needs it."""

    device: str = Field(default="auto", description="auto, cpu, cuda or cuda:N.")

    def get(self) -> Models:
        """Return the plain core object."""
        return Models(self.device)
