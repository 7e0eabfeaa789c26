"""Tables of texts and of what models made of texts and frames."""

import pyarrow as pa

from zs_dagster.schemas.columns import DATASET, LABEL, TEXT, VIDEO, column

FEATURES: dict[str, pa.Schema] = {
    "class_queries": pa.schema(
        [
            DATASET,
            LABEL,
            column("prompt_name", TEXT, "Class as written in prompts"),
            column("start_question", TEXT, "Yes/no question about the first moments"),
            column("end_question", TEXT, "Yes/no question about the last moments"),
            column("middle_question", TEXT, "Yes/no question about the middle", nullable=True),
            column("description", TEXT, "What the action looks like"),
            column("source", TEXT, "Who wrote it: a bank file or an LLM"),
        ]
    ),
    "frame_features": pa.schema(
        [
            DATASET,
            VIDEO,
            column("bank", TEXT, "Feature bank of the video: store entries of its frames"),
            column("key", TEXT, "Entry, `time_s` (T,) and `eval` (T, D) fp16, or request"),
        ]
    ),
    "class_embeddings": pa.schema(
        [
            DATASET,
            LABEL,
            column("text_kind", TEXT, "name, description, or sentence of a template"),
            column("text", TEXT, "Encoded sentence"),
            column("key", TEXT, "Store entry with `feature` (D,)"),
        ]
    ),
    "sentence_embeddings": pa.schema(
        [
            DATASET,
            column("text_kind", TEXT, "caption; concept of a vocabulary; piece of its gloss"),
            column("text", TEXT, "Encoded sentence"),
            column("encoder", TEXT, "Fingerprint of the sentence encoder"),
            column("key", TEXT, "Store entry with `feature` (S,)"),
        ]
    ),
}
