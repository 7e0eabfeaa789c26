"""Files of arrays that somebody broke, or meant to break something with."""

import json
import struct
from typing import Any

_GOOD = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
_DATA = bytes(8)


def file_of(header: object, data: bytes = _DATA, length: int | None = None) -> bytes:
    """Join a header, its length and the data as safetensors does."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _one(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field may be wrong
    return {"a": _GOOD | changes}


GOOD = file_of(_one())
HOSTILE = {
    "no byte": b"",
    "part of a length": GOOD[:5],
    "a header of 2^60 bytes": file_of(_one(), length=1 << 60),
    "a header of 2^64-1 bytes": file_of(_one(), length=(1 << 64) - 1),
    "a header longer than the file": file_of(_one(), length=99_000_000),
    "part of a header": GOOD[:20],
    "part of the data": GOOD[:-1],
    "more than the data": GOOD + b"\0",
    "no UTF-8": file_of(b'{"\xff\xfe":{}}', b""),
    "no JSON": file_of(b"{", b""),
    "no object": file_of([], b""),
    "brackets without end": file_of(b'{"a":' + b"[" * 100_000, b""),
    "offsets beyond the end": file_of(_one(data_offsets=[0, 1 << 40])),
    "offsets before the start": file_of(_one(data_offsets=[-8, 0])),
    "offsets backwards": file_of(_one(data_offsets=[8, 0])),
    "offsets with a hole": file_of(_one(data_offsets=[8, 16]), bytes(16)),
    "offsets that overlap": file_of({"a": _GOOD, "b": _GOOD}),
    "a shape of 2^60": file_of(_one(shape=[1 << 60])),
    "a shape that overflows": file_of(_one(shape=[1 << 62, 1 << 62])),
    "an unknown type": file_of(_one(dtype="X")),
    "metadata of numbers": file_of({**_one(), "__metadata__": {"zs_dagster/digest": 1}}),
}
# Well-formed, but nothing NumPy can hold.
HOSTILE_TO_NUMPY = {
    "no values of 2^63 columns": file_of(_one(shape=[0, 1 << 63], data_offsets=[0, 0]), b""),
    "no values of 2^62 columns": file_of(_one(shape=[0, 1 << 62], data_offsets=[0, 0]), b""),
    "70 dimensions": file_of(_one(shape=[1] * 70 + [2])),
    "bfloat16": file_of(_one(dtype="BF16", shape=[4])),
    "float8": file_of(_one(dtype="F8_E4M3", shape=[8])),
    "float4": file_of(_one(dtype="F4", shape=[16])),
}
# For models, each of which is loaded with all that is around the weights.
FEW = ("a header of 2^60 bytes", "part of the data", "no UTF-8", "offsets beyond the end")
