"""`zs-dagster demo`: the whole graph on videos the project draws itself."""

from zs_dagster.cli.run import JsonFile, run_dataset


def demo(*, json_file: JsonFile = None) -> None:
    """Draw the demo videos, localize their actions, print the metrics, write the report."""
    run_dataset("demo", {}, json_file)
