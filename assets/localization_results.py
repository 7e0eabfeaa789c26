"""Tables of localization -> the published DuckDB file."""

from assets.results_file import published

localization_results = published(
    "localization",
    "localization_results",
    [
        "videos",
        "annotations",
        "class_queries",
        "frame_features",
        "class_embeddings",
        "candidate_classes",
        "frame_confidence",
        "segments",
        "localization_metrics",
        "ablations",
        "loss_waterfall",
        "error_types",
        "protocol_metrics",
    ],
)
