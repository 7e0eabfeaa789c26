"""Tables of classification -> the published DuckDB file."""

from assets.results_file import published

classification_results = published(
    "classification",
    "classification_results",
    [
        "videos",
        "annotations",
        "class_queries",
        "frame_features",
        "class_embeddings",
        "clip_predictions",
        "zar_predictions",
        "cezsar_predictions",
        "semantic_gap",
        "classification_metrics",
    ],
)
