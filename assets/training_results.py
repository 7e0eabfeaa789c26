"""Tables of training on captions -> the published DuckDB file."""

from assets.results_file import published

training_results = published(
    "captions",
    "training_results",
    ["videos", "captions", "frame_features", "sentence_embeddings", "cezsar_model"],
)
