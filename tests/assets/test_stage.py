"""What a dataset file says makes exactly the assets stale that read it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import TinyHome

CODE = """
import json
from zs_dagster.definitions import defs
specs = defs.resolve_all_asset_specs()
print(json.dumps({spec.key.to_user_string(): spec.code_version for spec in specs}))
"""
CLASSIFIERS = {
    *("frame_features", "class_embeddings", "clip_predictions", "zar_predictions"),
    "cezsar_predictions",
}


def versions(home: Path) -> dict[str, str]:
    """Return asset -> version of its code, as a new process sees the dataset files."""
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**os.environ, "ZS_HOME": str(home)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("classification", "stale"),
    [
        ({"fill": "dense"}, {"frame_features"}),
        ({"classifiers": {"clip": {"aggregator": "max"}}}, CLASSIFIERS),
    ],
    ids=["fill", "classifiers"],
)
def test_options_of_classification_make_their_readers_stale(
    tiny: "TinyHome", classification: dict[str, object], stale: set[str]
) -> None:
    tiny.describe(task="classification")
    before = versions(tiny.root)
    tiny.describe(task="classification", classification=classification)
    after = versions(tiny.root)
    assert {asset for asset in after if after[asset] != before[asset]} == stale
