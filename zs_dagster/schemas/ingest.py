"""Tables of what comes in: videos, ground truth and captions."""

import pyarrow as pa

from zs_dagster.schemas.columns import COUNT, DATASET, LABEL, NUMBER, START, TEXT, VIDEO, column

INGEST: dict[str, pa.Schema] = {
    "videos": pa.schema(
        [
            DATASET,
            VIDEO,
            column("path", TEXT, "File on the machine that ran"),
            column("status", TEXT, "ok, unreadable or excluded"),
            column("error", TEXT, "Kind of error of an unreadable file", nullable=True),
            column("reason", TEXT, "Why it is unreadable or excluded", nullable=True),
            column("content_hash", TEXT, "BLAKE2b of the bytes", nullable=True),
            column("duration_s", NUMBER, "Displayed duration, seconds", nullable=True),
            column("fps", NUMBER, "Average frames per second", nullable=True),
            column("width", COUNT, "Pixels, after rotation", nullable=True),
            column("height", COUNT, "Pixels, after rotation", nullable=True),
            column("n_frames", COUNT, "Frames in the file", nullable=True),
            column("backend", TEXT, "Library that decodes it", nullable=True),
            column("backend_reason", TEXT, "Why that one", nullable=True),
        ]
    ),
    "annotations": pa.schema(
        [
            DATASET,
            VIDEO,
            LABEL,
            column("start_s", NUMBER, "Start, seconds; empty: the whole video", nullable=True),
            column(
                "end_s",
                NUMBER,
                "End, seconds, exclusive; empty: the whole video",
                nullable=True,
            ),
            column("subsets", TEXT, "Official lists it is in, separated by spaces"),
        ]
    ),
    "captions": pa.schema(
        [
            DATASET,
            VIDEO,
            START,
            column("end_s", NUMBER, "End, seconds, exclusive, at most that of the video"),
            column("caption", TEXT, "What is seen, as the file says it"),
        ]
    ),
}
