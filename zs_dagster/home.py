"""Where everything lies: one folder, `$ZS_HOME`, `.zs/` in the working directory by default."""

import os
from dataclasses import dataclass
from pathlib import Path

from zs_dagster.store import Store
from zs_dagster.tables import Tables

DEFAULT_HOME = ".zs"


@dataclass(frozen=True)
class Home:
    """The folders of one installation; nothing is created by naming them.

    Attributes:
        root: Absolute path of the folder.
    """

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """Take `$ZS_HOME`, or `.zs` under the working directory where it is not set."""
        return cls(Path(os.environ.get("ZS_HOME") or DEFAULT_HOME).expanduser().resolve())

    @property
    def store(self) -> Store:
        """Content-addressed artefacts."""
        return Store(self.root / "store")

    @property
    def tables(self) -> Tables:
        """Parquet tables per dataset."""
        return Tables(self.root / "tables")

    @property
    def datasets(self) -> Path:
        """The user's dataset files, `*.yaml`."""
        return self.root / "datasets"

    @property
    def profiles(self) -> Path:
        """The user's model profiles, `*.yaml`."""
        return self.root / "profiles"

    @property
    def queries(self) -> Path:
        """Imported query banks, `DATASET.yaml`; each comes first for its dataset."""
        return self.root / "queries"

    @property
    def generated_videos(self) -> Path:
        """Videos that the project draws itself, one folder per dataset."""
        return self.root / "videos"

    @property
    def training(self) -> Path:
        """Unfinished trainings, one file each; gone when their model is stored."""
        return self.root / "training"

    @property
    def results(self) -> Path:
        """The published DuckDB file."""
        return self.root / "results.duckdb"

    @property
    def reports(self) -> Path:
        """HTML review pages, one per dataset."""
        return self.root / "reports"

    @property
    def provenance(self) -> Path:
        """Provenance cards, `RUN.json`."""
        return self.root / "provenance"

    @property
    def dagster(self) -> Path:
        """Dagster's own folder: `$DAGSTER_HOME`, or one inside the home."""
        return Path(os.environ.get("DAGSTER_HOME") or self.root / "dagster").resolve()
