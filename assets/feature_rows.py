"""How feature banks are named, and how what localization looks at is read from them."""

from collections.abc import Mapping
from typing import Any

from assets.decoding import decoded_from
from zs_dagster.digests import digest
from zs_dagster.frame_features.bank import KIND, FeatureBank
from zs_dagster.models.crops import EVAL
from zs_dagster.store import Arrays, Store

VERSION = "2"
Video = Mapping[str, Any]
"""A row of the table `videos`."""


def bank_name(video: Video, fingerprint: str) -> str:
    """Name the bank of a video: its pixels and the encoder."""
    return digest(KIND, VERSION, *decoded_from(video), fingerprint)


def rate_key(fps: float) -> str:
    """Name the entry with the frames of a video at a rate."""
    return digest("fps", fps)


def sampled_features(store: Store, row: Mapping[str, Any]) -> Arrays:
    """Return ``features`` (T, D) and ``time_s`` (T,) of a row of `frame_features`."""
    entry = FeatureBank(store, row["bank"]).load(row["key"])
    return {"features": entry[EVAL], "time_s": entry["time_s"]}
