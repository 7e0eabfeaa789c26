"""The class filter with every CLIP whose features of a dataset are in the home."""

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


def backbone_ranks(home: Home, models: Models, dataset: Dataset) -> dict[str, Ranks]:
    """Return the ranks by profile; of profiles that share a CLIP, the dataset's or the first.

    Profiles with a feature missing are left out: nothing is encoded here.
    """
    found: dict[str, Ranks] = {}
    seen: set[str] = set()
    for profile in dict.fromkeys([dataset.profile, *profile_paths()]):
        try:
            fingerprint = models.clip_fingerprint(profile)
        except InputError:
            continue  # Somebody's unfinished profile is no reason to stop.
        ranks = None if fingerprint in seen else _ranks(home, dataset, fingerprint)
        seen.add(fingerprint)
        if ranks is not None:
            found[profile] = ranks
    return found


def _ranks(home: Home, dataset: Dataset, fingerprint: str) -> Ranks | None:
    """Return the ranks by one CLIP, or None where it did not encode everything."""
    options = dataset.localization
    encoded = {row["video_id"] for row in home.tables.rows("frame_features", dataset.name)}
    videos = [v for v in home.tables.rows("videos", dataset.name) if v["video_id"] in encoded]
    key = rate_key(options.fps)
    banks = {video["video_id"]: bank_name(video, fingerprint) for video in videos}
    texts = {
        row["label"]: row["key"]
        for row in embedding_rows(home, dataset.name, fingerprint)
        if row["text_kind"] == options.filter_text
    }
    if not all(FeatureBank(home.store, bank).has(key) for bank in banks.values()):
        return None
    if not all(home.store.has_arrays(KIND, text) for text in texts.values()):
        return None
    matrix = np.stack(
        [home.store.load_arrays(KIND, text)["feature"] for text in texts.values()]
    )
    return {
        video: _ranked(
            home, {"bank": bank, "key": key}, list(texts), matrix, options.filter_frames
        )
        for video, bank in banks.items()
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
