"""What a dataset file says makes exactly the assets stale that read it."""

from typing import TYPE_CHECKING

import pytest

from assets.automation.settings import SETTINGS
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.definitions import defs

if TYPE_CHECKING:
    from tests.conftest import TinyHome

CLASSIFIERS = {
    "frame_features",
    "class_embeddings",
    "clip_predictions",
    "zar_predictions",
    "cezsar_predictions",
}


def versions() -> dict[str, str]:
    """Return asset -> version of its settings for `tiny`, as the dataset file is now."""
    assert defs.assets
    dataset = VideoLibrary(home=HomeResource()).dataset("tiny")
    return {asset: settings.version(dataset) for asset, settings in SETTINGS.items()}


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
    before = versions()
    tiny.describe(task="classification", classification=classification)
    after = versions()
    assert {asset for asset in after if after[asset] != before[asset]} == stale
