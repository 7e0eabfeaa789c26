"""What an asset depends on besides other assets: settings of the dataset and a model."""

from collections.abc import Callable
from dataclasses import dataclass

from zs_dagster.datasets.description import Dataset
from zs_dagster.digests import digest


@dataclass(frozen=True)
class Settings:
    """Settings of an asset, different from dataset to dataset.

    Attributes:
        options: Fields of a dataset's `localization`, `classification` or `training`.
        fingerprint: Profile name -> fingerprint of the model that the asset asks.
    """

    options: tuple[str, ...] = ()
    fingerprint: Callable[[str], str] | None = None

    def version(self, dataset: Dataset) -> str:
        """Return a digest of what they are for a dataset now."""
        said = [
            part.model_dump(mode="json", include=set(self.options))
            for part in (dataset.localization, dataset.classification, dataset.training)
        ]
        model = self.fingerprint(dataset.profile) if self.fingerprint else ""
        return digest("settings", said, model)


SETTINGS: dict[str, Settings] = {}
"""Asset -> its settings; filled as the assets are declared."""
