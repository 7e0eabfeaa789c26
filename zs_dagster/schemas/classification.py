"""Tables of classification: models, predictions and metrics."""

import pyarrow as pa

from zs_dagster.schemas.columns import (
    COUNT,
    DATASET,
    LABEL,
    METHOD,
    NUMBER,
    RUN,
    TEXT,
    VIDEO,
    column,
)

PREDICTIONS = pa.schema(
    [
        DATASET,
        METHOD,
        column("split", TEXT, "Candidate classes and videos: a list or division"),
        VIDEO,
        column("rank", COUNT, "1 is the best class; at most 5 are kept"),
        LABEL,
        column("probability", NUMBER, "Of the class among the candidates, 0 to 1"),
        column("n_frames", COUNT, "Frames the prediction was made from"),
    ]
)
CLASSIFIERS = pa.schema(
    [
        DATASET,
        METHOD,
        column("split", TEXT, "Candidate classes and videos: a list or division"),
        column("parameters", TEXT, "Everything that was set, JSON"),
        column("scores", TEXT, "Store entry with `logits` (N, K) and its videos and classes"),
        column("videos", COUNT, "Videos classified"),
        column("skipped", COUNT, "Videos whose adaptation step was not taken"),
    ]
)
CLASSIFICATION_METRICS = pa.schema(
    [
        DATASET,
        METHOD,
        column("split", TEXT, "Candidate classes and videos: a list or division"),
        column("metric", TEXT, "Name of the number"),
        column("value", NUMBER, "Fraction, not percent"),
        column("low", NUMBER, "Lower end of the 95 % interval over videos", nullable=True),
        column("high", NUMBER, "Upper end of the 95 % interval over videos", nullable=True),
        column("parameters", TEXT, "Parameters of the method, JSON"),
        column("clip", TEXT, "Fingerprint of the CLIP model"),
        column("git_commit", TEXT, "Commit of the code, or unknown"),
        RUN,
        column("created_at", TEXT, "UTC, ISO 8601"),
    ]
)

CLASSIFICATION: dict[str, pa.Schema] = {
    "cezsar_model": pa.schema(
        [
            DATASET,
            column("model", TEXT, "Store entry; digest of data, parameters and code"),
            column("clip", TEXT, "Fingerprint of the CLIP model"),
            column("sentence_encoder", TEXT, "Fingerprint of the sentence encoder"),
            column("text_encoder", TEXT, "clip, or sbert:MODEL"),
            column("parameters", TEXT, "Everything that was set, JSON"),
            column("videos", COUNT, "Captioned videos, held-out ones included"),
            column("segments", COUNT, "Captioned segments"),
            column("sentences", COUNT, "Different sentences"),
            column("epochs", COUNT, "Epochs until training ended"),
        ]
    ),
    "cezsar_history": pa.schema(
        [
            DATASET,
            column("epoch", COUNT, "Finished epochs; 0 is before training"),
            column("metric", TEXT, "Name of the number"),
            column("value", NUMBER, "Loss, share or rank"),
        ]
    ),
    "cezsar_metrics": CLASSIFICATION_METRICS,
    "cezsar_predictions": PREDICTIONS,
    "cezsar_classifiers": CLASSIFIERS,
    "cezsar_spaces": pa.schema(
        [
            DATASET,
            METHOD,
            column("space", TEXT, "Store entry with `videos`, `prototypes` and `owner`"),
        ]
    ),
    "semantic_gap": pa.schema(
        [
            DATASET,
            METHOD,
            column("label", TEXT, "Class; empty: all classes together"),
            column("metric", TEXT, "Name of the number"),
            column("value", NUMBER, "Cosine, distance, share, rank or count", nullable=True),
        ]
    ),
    "clip_predictions": PREDICTIONS,
    "clip_classifiers": CLASSIFIERS,
    "zar_predictions": PREDICTIONS,
    "zar_classifiers": CLASSIFIERS,
    "classification_metrics": CLASSIFICATION_METRICS,
    "classification_history": CLASSIFICATION_METRICS,
    "class_accuracy": pa.schema(
        [
            DATASET,
            METHOD,
            column("split", TEXT, "Candidate classes and videos: a list or division"),
            LABEL,
            column("videos", COUNT, "Videos of the class"),
            column("accuracy", NUMBER, "Fraction, not percent", nullable=True),
            RUN,
        ]
    ),
}
