"""One partition is one dataset: the shipped ones and those of the user's home.

A dataset whose file is broken stays a partition, whose runs fail with the reason.
"""

import logging
import re

import dagster as dg

from zs_dagster.checked_catalogue import checked_catalogue
from zs_dagster.datasets.catalogue import Catalogue
from zs_dagster.datasets.description import PARTITION_NAME
from zs_dagster.home import Home

logger = logging.getLogger("zs_dagster.partitions")

catalogue = checked_catalogue(Home.from_environment().datasets)
for error in catalogue.broken.values():
    logger.warning("%s; its runs will fail, other datasets go on", error)
broken = [name for name in catalogue.broken if re.fullmatch(PARTITION_NAME, name)]


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
datasets = dg.StaticPartitionsDefinition(sorted([*catalogue, *broken]))
