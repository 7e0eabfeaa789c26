"""The columns that many tables have, and how one is declared."""

import pyarrow as pa


def column(name: str, kind: pa.DataType, meaning: str, *, nullable: bool = False) -> pa.Field:
    """Declare a column with what it means: units, range, when it is empty."""
    return pa.field(name, kind, nullable=nullable, metadata={"description": meaning})


TEXT, NUMBER, COUNT, FLAG = pa.string(), pa.float64(), pa.int64(), pa.bool_()
DATASET = column("dataset", TEXT, "Dataset, the partition")
VIDEO = column("video_id", TEXT, "Video, unique in its dataset")
LABEL = column("label", TEXT, "Exact class label")
METHOD = column("method", TEXT, "Method, as the dataset names it")
START = column("start_s", NUMBER, "Start, seconds from the first displayed frame")
END = column("end_s", NUMBER, "End, seconds, exclusive")
RUN = column("run_id", TEXT, "Dagster run that computed the row")
