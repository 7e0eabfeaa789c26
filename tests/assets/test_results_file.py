"""What makes the published database stale."""

import dagster as dg
import pytest

from assets.partitions import catalogue
from zs_dagster.definitions import defs

TASKS = {
    "localization_results": ("localization", "tiny"),
    "classification_results": ("classification", "demo-clips"),
    "training_results": ("captions", "tiny-captions"),
}


@pytest.mark.parametrize("asset", TASKS)
def test_the_database_is_stale_by_the_datasets_of_its_task_alone(asset: str) -> None:
    task, known = TASKS[asset]
    of_task = {name for name, dataset in catalogue.items() if dataset.task == task}
    assert known in of_task
    for dep in defs.resolve_assets_def(dg.AssetKey(asset)).get_asset_spec().deps:
        assert isinstance(dep.partition_mapping, dg.SpecificPartitionsPartitionMapping)
        assert set(dep.partition_mapping.partition_keys) == of_task
