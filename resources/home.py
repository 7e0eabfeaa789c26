"""The home folder as a resource."""

from pathlib import Path

import dagster as dg
from pydantic import Field

from zs_dagster.home import Home


class HomeResource(dg.ConfigurableResource):
    """Store, tables and results of this installation; `$ZS_HOME` unless a root is given."""

    root: str = Field(
        default="", description="Folder; empty means $ZS_HOME, or .zs where it is unset."
    )

    def get(self) -> Home:
        """Return the plain core object."""
        return Home(Path(self.root).resolve()) if self.root else Home.from_environment()
