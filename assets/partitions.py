"""One partition is one dataset: the shipped ones and those of the user's home."""

import dagster as dg

from zs_dagster.checked_catalogue import checked_catalogue
from zs_dagster.home import Home

catalogue = checked_catalogue(Home.from_environment().datasets)

# Shared by every partitioned asset: a job over assets with different definitions, even over
# the same keys, does not resolve.
datasets = dg.StaticPartitionsDefinition(sorted(catalogue))
