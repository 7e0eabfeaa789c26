"""Tables of localization: scores, segments, metrics and what explains them."""

import pyarrow as pa

from zs_dagster.schemas.columns import (
    COUNT,
    DATASET,
    END,
    FLAG,
    LABEL,
    METHOD,
    NUMBER,
    RUN,
    START,
    TEXT,
    VIDEO,
    column,
)

METRICS = pa.schema(
    [
        DATASET,
        METHOD,
        column("protocol", TEXT, "Thresholds and matching rules"),
        column("split", TEXT, "Videos and classes counted"),
        column("metric", TEXT, "Name of the number"),
        column("value", NUMBER, "Fraction, not percent"),
        column("low", NUMBER, "2.5 % bootstrap quantile over videos", nullable=True),
        column("high", NUMBER, "97.5 % bootstrap quantile over videos", nullable=True),
        column("parameters", TEXT, "Parameters of the method, JSON"),
        column("clip", TEXT, "Fingerprint of the CLIP model"),
        column("lvlm", TEXT, "Fingerprint of the LVLM"),
        column("queries", TEXT, "Digest of the questions and descriptions"),
        column("git_commit", TEXT, "Commit of the code, or unknown"),
        RUN,
        column("created_at", TEXT, "UTC, ISO 8601"),
    ]
)
PROTOCOL_METRICS = pa.schema(
    [
        DATASET,
        METHOD,
        column("protocol", TEXT, "Thresholds and matching rules"),
        column("videos", TEXT, "Video set: which videos count"),
        column("classes", TEXT, "All classes, official divisions or random subsets"),
        column("candidates", TEXT, "filtered: chosen by the method; known: of the video"),
        column("metric", TEXT, "Name of the number"),
        column("value", NUMBER, "Fraction; mean over the divisions"),
        column("sd", NUMBER, "Standard deviation over the divisions", nullable=True),
        column("low", NUMBER, "Lower end of the 95 % interval over videos", nullable=True),
        column("high", NUMBER, "Upper end of the 95 % interval over videos", nullable=True),
        column("n_splits", COUNT, "Divisions or subsets in the mean"),
        column("n_classes", COUNT, "Classes in one of them"),
        column("n_videos", COUNT, "Videos with ground truth of them"),
        column("n_ground_truth", COUNT, "Ground-truth segments"),
        column("published", TEXT, "Published rows it may be compared with, %, or none"),
        RUN,
    ]
)
METHOD_COMPARISONS = pa.schema(
    [
        DATASET,
        METHOD,
        column("other", TEXT, "Method it is compared with"),
        column("protocol", TEXT, "Thresholds and matching rules"),
        column("difference", NUMBER, "Average mAP of the method minus that of the other"),
        column("low", NUMBER, "Lower end of the 95 % paired interval over videos"),
        column("high", NUMBER, "Upper end of the 95 % paired interval over videos"),
        column("verdict", TEXT, "better, worse or not shown"),
        column("sentence", TEXT, "The same in words"),
        RUN,
    ]
)

LOCALIZATION: dict[str, pa.Schema] = {
    "candidate_classes": pa.schema(
        [
            DATASET,
            VIDEO,
            LABEL,
            column("similarity", NUMBER, "Cosine of mean frame feature and class text"),
            column("rank", COUNT, "1 is the most similar class of the video"),
            column("is_candidate", FLAG, "Among the top k of the class filter"),
            column("is_known", FLAG, "In the ground truth of the video"),
        ]
    ),
    "frame_confidence": pa.schema(
        [
            DATASET,
            VIDEO,
            LABEL,
            column("time_s", NUMBER, "Presentation time of the frame, seconds"),
            column("p_start", NUMBER, "P(yes) of the start question, 0 to 1"),
            column("p_end", NUMBER, "P(yes) of the end question, 0 to 1"),
            column(
                "p_middle", NUMBER, "P(yes) of the middle question, if asked", nullable=True
            ),
        ]
    ),
    "segments": pa.schema(
        [
            DATASET,
            METHOD,
            VIDEO,
            LABEL,
            column("rank", COUNT, "1 is the best segment of its video, class and method"),
            START,
            END,
            column("score", NUMBER, "Confidence, unitless; comparable within a method"),
        ]
    ),
    "methods": pa.schema(
        [
            DATASET,
            METHOD,
            column("parameters", TEXT, "Localizer, candidates and all parameters, JSON"),
        ]
    ),
    "localization_metrics": METRICS,
    "metrics_history": METRICS,
    "ablations": pa.schema(
        [
            DATASET,
            column("figure", TEXT, "Figure of figures.yaml"),
            METHOD,
            column("parameter", TEXT, "The one thing that varies"),
            column("setting", TEXT, "Its value"),
            column("metric", TEXT, "Name of the number"),
            column("value", NUMBER, "Fraction; empty: not defined", nullable=True),
            column("low", NUMBER, "2.5 % bootstrap quantile over videos", nullable=True),
            column("high", NUMBER, "97.5 % bootstrap quantile over videos", nullable=True),
            column("published", NUMBER, "Value of the paper, on its data", nullable=True),
        ]
    ),
    "loss_waterfall": pa.schema(
        [
            DATASET,
            METHOD,
            column("protocol", TEXT, "Thresholds"),
            column("stage", TEXT, "What has been decided so far, in the order of the rows"),
            column("average_mAP", NUMBER, "Largest still possible after the stage, fraction"),
            column("loss", NUMBER, "What the stage costs, fraction; the first starts from 1"),
        ]
    ),
    "error_types": pa.schema(
        [
            DATASET,
            METHOD,
            column("tiou", NUMBER, "Threshold of temporal overlap"),
            column("error", TEXT, "Kind of prediction or error, as in DETAD"),
            column("count", COUNT, "Predictions, or missed segments, of the kind"),
            column("gain", NUMBER, "mAP at the threshold without the kind, less with it"),
        ]
    ),
    "protocol_metrics": PROTOCOL_METRICS,
    "method_comparisons": METHOD_COMPARISONS,
    "class_metrics": pa.schema(
        [
            DATASET,
            METHOD,
            column("protocol", TEXT, "Thresholds and matching rules"),
            LABEL,
            column("tiou", NUMBER, "Threshold of temporal overlap"),
            column("average_precision", NUMBER, "Fraction, not percent", nullable=True),
            RUN,
        ]
    ),
}
