"""One partition is one dataset: the shipped ones and those of the user's home."""

import dagster as dg

from zs_dagster.checked_catalogue import checked_catalogue
from zs_dagster.datasets.catalogue import Catalogue
from zs_dagster.home import Home

catalogue = checked_catalogue(Home.from_environment().datasets)


def mapping_of(known: Catalogue) -> dg.StaticPartitionMapping:
    """Map each dataset with captions to those whose classifiers are trained on it."""
    targets: dict[str, list[str]] = {}
    for name, dataset in sorted(known.items()):
        for source in dataset.classification.trained_on:
            targets.setdefault(source, []).append(name)
    return dg.StaticPartitionMapping(targets)


# Shared by every partitioned asset: a job over assets with different definitions, even over
# the same keys, does not resolve.
captions_to_datasets = mapping_of(catalogue)
datasets = dg.StaticPartitionsDefinition(sorted(catalogue))
