"""The columns of every table: names, types, units; for Parquet, DuckDB and the UI alike."""

import pyarrow as pa


def _column(name: str, kind: pa.DataType, meaning: str, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"description": meaning})


TEXT, NUMBER, COUNT, FLAG = pa.string(), pa.float64(), pa.int64(), pa.bool_()
DATASET = _column("dataset", TEXT, "Dataset, the partition")
VIDEO = _column("video_id", TEXT, "Video, unique in its dataset")
LABEL = _column("label", TEXT, "Exact class label")
METHOD = _column("method", TEXT, "Method, as the dataset names it")
START = _column("start_s", NUMBER, "Start, seconds from the first displayed frame")
END = _column("end_s", NUMBER, "End, seconds, exclusive")
RUN = _column("run_id", TEXT, "Dagster run that computed the row")

METRICS = pa.schema(
    [
        DATASET,
        METHOD,
        _column("protocol", TEXT, "Thresholds and matching rules"),
        _column("split", TEXT, "Videos and classes counted"),
        _column("metric", TEXT, "Name of the number"),
        _column("value", NUMBER, "Fraction, not percent"),
        _column("low", NUMBER, "2.5 % bootstrap quantile over videos", nullable=True),
        _column("high", NUMBER, "97.5 % bootstrap quantile over videos", nullable=True),
        _column("parameters", TEXT, "Parameters of the method, JSON"),
        _column("clip", TEXT, "Fingerprint of the CLIP model"),
        _column("lvlm", TEXT, "Fingerprint of the LVLM"),
        _column("queries", TEXT, "Digest of the questions and descriptions"),
        _column("git_commit", TEXT, "Commit of the code, or unknown"),
        RUN,
        _column("created_at", TEXT, "UTC, ISO 8601"),
    ]
)

PROTOCOL_METRICS = pa.schema(
    [
        DATASET,
        METHOD,
        _column("protocol", TEXT, "Thresholds and matching rules"),
        _column("videos", TEXT, "Video set: which videos count"),
        _column("classes", TEXT, "All classes, official divisions or random subsets"),
        _column("candidates", TEXT, "filtered: chosen by the method; known: of the video"),
        _column("metric", TEXT, "Name of the number"),
        _column("value", NUMBER, "Fraction; mean over the divisions"),
        _column("sd", NUMBER, "Standard deviation over the divisions", nullable=True),
        _column("low", NUMBER, "Lower end of the 95 % interval over videos", nullable=True),
        _column("high", NUMBER, "Upper end of the 95 % interval over videos", nullable=True),
        _column("n_splits", COUNT, "Divisions or subsets in the mean"),
        _column("n_classes", COUNT, "Classes in one of them"),
        _column("n_videos", COUNT, "Videos with ground truth of them"),
        _column("n_ground_truth", COUNT, "Ground-truth segments"),
        _column("published", TEXT, "Published rows it may be compared with, %, or none"),
        RUN,
    ]
)
METHOD_COMPARISONS = pa.schema(
    [
        DATASET,
        METHOD,
        _column("other", TEXT, "Method it is compared with"),
        _column("protocol", TEXT, "Thresholds and matching rules"),
        _column("difference", NUMBER, "Average mAP of the method minus that of the other"),
        _column("low", NUMBER, "Lower end of the 95 % paired interval over videos"),
        _column("high", NUMBER, "Upper end of the 95 % paired interval over videos"),
        _column("verdict", TEXT, "better, worse or not shown"),
        _column("sentence", TEXT, "The same in words"),
        RUN,
    ]
)

PREDICTIONS = pa.schema(
    [
        DATASET,
        METHOD,
        _column("split", TEXT, "Candidate classes and videos: a list or division"),
        VIDEO,
        _column("rank", COUNT, "1 is the best class; at most 5 are kept"),
        LABEL,
        _column("probability", NUMBER, "Of the class among the candidates, 0 to 1"),
        _column("n_frames", COUNT, "Frames the prediction was made from"),
    ]
)
CLASSIFIERS = pa.schema(
    [
        DATASET,
        METHOD,
        _column("split", TEXT, "Candidate classes and videos: a list or division"),
        _column("parameters", TEXT, "Everything that was set, JSON"),
        _column("scores", TEXT, "Store entry with `logits` (N, K) and its videos and classes"),
        _column("videos", COUNT, "Videos classified"),
        _column("skipped", COUNT, "Videos whose adaptation step was not taken"),
    ]
)
CLASSIFICATION_METRICS = pa.schema(
    [
        DATASET,
        METHOD,
        _column("split", TEXT, "Candidate classes and videos: a list or division"),
        _column("metric", TEXT, "Name of the number"),
        _column("value", NUMBER, "Fraction, not percent"),
        _column("low", NUMBER, "Lower end of the 95 % interval over videos", nullable=True),
        _column("high", NUMBER, "Upper end of the 95 % interval over videos", nullable=True),
        _column("parameters", TEXT, "Parameters of the method, JSON"),
        _column("clip", TEXT, "Fingerprint of the CLIP model"),
        _column("git_commit", TEXT, "Commit of the code, or unknown"),
        RUN,
        _column("created_at", TEXT, "UTC, ISO 8601"),
    ]
)

SCHEMAS: dict[str, pa.Schema] = {
    "videos": pa.schema(
        [
            DATASET,
            VIDEO,
            _column("path", TEXT, "File on the machine that ran"),
            _column("status", TEXT, "ok, unreadable or excluded"),
            _column("error", TEXT, "Kind of error of an unreadable file", nullable=True),
            _column("reason", TEXT, "Why it is unreadable or excluded", nullable=True),
            _column("content_hash", TEXT, "BLAKE2b of the bytes", nullable=True),
            _column("duration_s", NUMBER, "Displayed duration, seconds", nullable=True),
            _column("fps", NUMBER, "Average frames per second", nullable=True),
            _column("width", COUNT, "Pixels, after rotation", nullable=True),
            _column("height", COUNT, "Pixels, after rotation", nullable=True),
            _column("n_frames", COUNT, "Frames in the file", nullable=True),
            _column("backend", TEXT, "Library that decodes it", nullable=True),
            _column("backend_reason", TEXT, "Why that one", nullable=True),
        ]
    ),
    "annotations": pa.schema(
        [
            DATASET,
            VIDEO,
            LABEL,
            _column("start_s", NUMBER, "Start, seconds; empty: the whole video", nullable=True),
            _column(
                "end_s",
                NUMBER,
                "End, seconds, exclusive; empty: the whole video",
                nullable=True,
            ),
            _column("subsets", TEXT, "Official lists it is in, separated by spaces"),
        ]
    ),
    "class_queries": pa.schema(
        [
            DATASET,
            LABEL,
            _column("prompt_name", TEXT, "Class as written in prompts"),
            _column("start_question", TEXT, "Yes/no question about the first moments"),
            _column("end_question", TEXT, "Yes/no question about the last moments"),
            _column("middle_question", TEXT, "Yes/no question about the middle", nullable=True),
            _column("description", TEXT, "What the action looks like"),
            _column("source", TEXT, "Who wrote it: a bank file or an LLM"),
        ]
    ),
    "frame_features": pa.schema(
        [
            DATASET,
            VIDEO,
            _column("bank", TEXT, "Feature bank of the video: store entries of its frames"),
            _column("key", TEXT, "Entry, `time_s` (T,) and `eval` (T, D) fp16, or request"),
        ]
    ),
    "class_embeddings": pa.schema(
        [
            DATASET,
            LABEL,
            _column("text_kind", TEXT, "name, description, or sentence of a template"),
            _column("text", TEXT, "Encoded sentence"),
            _column("key", TEXT, "Store entry with `feature` (D,)"),
        ]
    ),
    "candidate_classes": pa.schema(
        [
            DATASET,
            VIDEO,
            LABEL,
            _column("similarity", NUMBER, "Cosine of mean frame feature and class text"),
            _column("rank", COUNT, "1 is the most similar class of the video"),
            _column("is_candidate", FLAG, "Among the top k of the class filter"),
            _column("is_known", FLAG, "In the ground truth of the video"),
        ]
    ),
    "frame_confidence": pa.schema(
        [
            DATASET,
            VIDEO,
            LABEL,
            _column("time_s", NUMBER, "Presentation time of the frame, seconds"),
            _column("p_start", NUMBER, "P(yes) of the start question, 0 to 1"),
            _column("p_end", NUMBER, "P(yes) of the end question, 0 to 1"),
            _column(
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
            _column("rank", COUNT, "1 is the best segment of its video, class and method"),
            START,
            END,
            _column("score", NUMBER, "Confidence, unitless; comparable within a method"),
        ]
    ),
    "methods": pa.schema(
        [
            DATASET,
            METHOD,
            _column("parameters", TEXT, "Localizer, candidates and all parameters, JSON"),
        ]
    ),
    "localization_metrics": METRICS,
    "metrics_history": METRICS,
    "captions": pa.schema(
        [
            DATASET,
            VIDEO,
            START,
            _column("end_s", NUMBER, "End, seconds, exclusive, at most that of the video"),
            _column("caption", TEXT, "What is seen, as the file says it"),
        ]
    ),
    "sentence_embeddings": pa.schema(
        [
            DATASET,
            _column("text_kind", TEXT, "caption; concept of a vocabulary; piece of its gloss"),
            _column("text", TEXT, "Encoded sentence"),
            _column("encoder", TEXT, "Fingerprint of the sentence encoder"),
            _column("key", TEXT, "Store entry with `feature` (S,)"),
        ]
    ),
    "cezsar_model": pa.schema(
        [
            DATASET,
            _column("model", TEXT, "Store entry; digest of data, parameters and code"),
            _column("clip", TEXT, "Fingerprint of the CLIP model"),
            _column("sentence_encoder", TEXT, "Fingerprint of the sentence encoder"),
            _column("text_encoder", TEXT, "clip, or sbert:MODEL"),
            _column("parameters", TEXT, "Everything that was set, JSON"),
            _column("videos", COUNT, "Captioned videos, held-out ones included"),
            _column("segments", COUNT, "Captioned segments"),
            _column("sentences", COUNT, "Different sentences"),
            _column("epochs", COUNT, "Epochs until training ended"),
        ]
    ),
    "cezsar_history": pa.schema(
        [
            DATASET,
            _column("epoch", COUNT, "Finished epochs; 0 is before training"),
            _column("metric", TEXT, "Name of the number"),
            _column("value", NUMBER, "Loss, share or rank"),
        ]
    ),
    "cezsar_metrics": CLASSIFICATION_METRICS,
    "cezsar_predictions": PREDICTIONS,
    "cezsar_classifiers": CLASSIFIERS,
    "cezsar_spaces": pa.schema(
        [
            DATASET,
            METHOD,
            _column("space", TEXT, "Store entry with `videos`, `prototypes` and `owner`"),
        ]
    ),
    "semantic_gap": pa.schema(
        [
            DATASET,
            METHOD,
            _column("label", TEXT, "Class; empty: all classes together"),
            _column("metric", TEXT, "Name of the number"),
            _column("value", NUMBER, "Cosine, distance, share, rank or count", nullable=True),
        ]
    ),
    "ablations": pa.schema(
        [
            DATASET,
            _column("figure", TEXT, "Figure of figures.yaml"),
            METHOD,
            _column("parameter", TEXT, "The one thing that varies"),
            _column("setting", TEXT, "Its value"),
            _column("metric", TEXT, "Name of the number"),
            _column("value", NUMBER, "Fraction; empty: not defined", nullable=True),
            _column("low", NUMBER, "2.5 % bootstrap quantile over videos", nullable=True),
            _column("high", NUMBER, "97.5 % bootstrap quantile over videos", nullable=True),
            _column("published", NUMBER, "Value of the paper, on its data", nullable=True),
        ]
    ),
    "loss_waterfall": pa.schema(
        [
            DATASET,
            METHOD,
            _column("protocol", TEXT, "Thresholds"),
            _column("stage", TEXT, "What has been decided so far, in the order of the rows"),
            _column("average_mAP", NUMBER, "Largest still possible after the stage, fraction"),
            _column("loss", NUMBER, "What the stage costs, fraction; the first starts from 1"),
        ]
    ),
    "error_types": pa.schema(
        [
            DATASET,
            METHOD,
            _column("tiou", NUMBER, "Threshold of temporal overlap"),
            _column("error", TEXT, "Kind of prediction or error, as in DETAD"),
            _column("count", COUNT, "Predictions, or missed segments, of the kind"),
            _column("gain", NUMBER, "mAP at the threshold without the kind, less with it"),
        ]
    ),
    "protocol_metrics": PROTOCOL_METRICS,
    "method_comparisons": METHOD_COMPARISONS,
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
            _column("split", TEXT, "Candidate classes and videos: a list or division"),
            LABEL,
            _column("videos", COUNT, "Videos of the class"),
            _column("accuracy", NUMBER, "Fraction, not percent", nullable=True),
            RUN,
        ]
    ),
    "class_metrics": pa.schema(
        [
            DATASET,
            METHOD,
            _column("protocol", TEXT, "Thresholds and matching rules"),
            LABEL,
            _column("tiou", NUMBER, "Threshold of temporal overlap"),
            _column("average_precision", NUMBER, "Fraction, not percent", nullable=True),
            RUN,
        ]
    ),
}


def columns(table: str) -> list[tuple[str, str, str]]:
    """Return ``(name, type, description)`` of each column; none for what is no table."""
    return [
        (field.name, str(field.type), field.metadata[b"description"].decode())
        for field in SCHEMAS.get(table, pa.schema([]))
    ]
