"""The class filter with every CLIP whose features of a dataset are in the home."""

from collections.abc import Iterator

import numpy as np

from assets.class_embeddings import KIND, embedding_rows
from assets.feature_rows import bank_name, rate_key, sampled_features
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import InputError
from zs_dagster.frame_features.bank import FeatureBank
from zs_dagster.home import Home
from zs_dagster.localization.class_filter import class_ranks, video_similarity
from zs_dagster.models.loading import Models
from zs_dagster.models.profiles import profile_paths
from zs_dagster.similarity import Matrix

Ranks = dict[str, dict[str, int]]
"""Video -> class -> rank, 1 is best."""


def complete_backbones(home: Home, models: Models, dataset: Dataset) -> dict[str, str]:
    """Return profile -> CLIP fingerprint, of every CLIP that encoded all of a dataset.

    Of profiles that share one, the dataset's or the first. Nothing is encoded here.
    """
    found: dict[str, str] = {}
    for profile in dict.fromkeys([dataset.profile, *profile_paths()]):
        try:
            fingerprint = models.clip_fingerprint(profile)
        except InputError:
            continue  # Somebody's unfinished profile is no reason to stop.
        if fingerprint not in found.values() and _is_complete(home, dataset, fingerprint):
            found[profile] = fingerprint
    return found


def _is_complete(home: Home, dataset: Dataset, fingerprint: str) -> bool:
    key = rate_key(dataset.localization.fps)
    banks = (bank for _, bank in _banks(home, dataset, fingerprint))
    texts = _texts(home, dataset, fingerprint).values()
    return all(FeatureBank(home.store, bank).has(key) for bank in banks) and all(
        home.store.has_arrays(KIND, text) for text in texts
    )


def backbone_ranks(home: Home, dataset: Dataset, fingerprint: str) -> Ranks:
    """Return the ranks by one CLIP that encoded everything."""
    options, texts = dataset.localization, _texts(home, dataset, fingerprint)
    matrix = np.stack(
        [home.store.load_arrays(KIND, text)["feature"] for text in texts.values()]
    )
    key = rate_key(options.fps)
    return {
        video: _ranked(
            home, {"bank": bank, "key": key}, list(texts), matrix, options.filter_frames
        )
        for video, bank in _banks(home, dataset, fingerprint)
    }


def _banks(home: Home, dataset: Dataset, fingerprint: str) -> Iterator[tuple[str, str]]:
    """Yield the encoded videos, each with the name of its bank."""
    rows = home.tables.each_row("frame_features", dataset.name)
    encoded = {row["video_id"] for row in rows}
    for video in home.tables.each_row("videos", dataset.name):
        if video["video_id"] in encoded:
            yield video["video_id"], bank_name(video, fingerprint)


def _texts(home: Home, dataset: Dataset, fingerprint: str) -> dict[str, str]:
    """Return class -> key of the text that the class filter compares with."""
    return {
        row["label"]: row["key"]
        for row in embedding_rows(home, dataset.name, fingerprint)
        if row["text_kind"] == dataset.localization.filter_text
    }


def _ranked(
    home: Home,
    row: dict[str, str],
    labels: list[str],
    matrix: Matrix,
    n_frames: int,
) -> dict[str, int]:
    features = sampled_features(home.store, row)["features"]
    ranks = class_ranks(video_similarity(features, matrix, n_frames)).tolist()
    return dict(zip(labels, ranks, strict=True))
