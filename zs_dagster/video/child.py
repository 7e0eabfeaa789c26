"""The process that decodes: answers requests on its standard input until that ends.

Started by `decoders`, never forked from it. One request is one file; errors are answers.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from zs_dagster.errors import InputError, VideoError
from zs_dagster.video.backends import choose_backend, iter_frames_by
from zs_dagster.video.errors import OutOfMemory
from zs_dagster.video.frames import FrameIndex, Frames
from zs_dagster.video.header import read_header
from zs_dagster.video.messages import ALIVE, Message, receive, send
from zs_dagster.video.probe import VideoInfo, probe
from zs_dagster.video.pulse import PULSE
from zs_dagster.video.reading import check_decodes
from zs_dagster.video.sampled import checked_index, sampled_frames
from zs_dagster.video.scan import scan

Answer = tuple[dict[str, Any], list[Any]]
SIGN_OF_LIFE_S = 0.5


def main() -> None:
    """Serve until standard input ends."""
    answers = os.dup(1)
    # Libraries that print must not print into the answers.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit_memory(int(sys.argv[1]))
    requests: SimpleQueue[Message] = SimpleQueue()
    speaking = threading.Lock()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    threading.Thread(target=_live, args=(answers, speaking), daemon=True).start()
    while True:
        request = requests.get()
        for header, arrays in _answers(request):
            with speaking:
                send(answers, header, arrays)


def _limit_memory(megabytes: int) -> None:
    import resource

    limit = megabytes << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _listen(requests: "SimpleQueue[Message]") -> None:
    """Take requests; end at once, even in the middle of a file, when the parent is gone."""
    while (request := receive(0)) is not None:
        requests.put(request)
    os._exit(0)


def _live(answers: int, speaking: threading.Lock) -> None:
    """Give a sign of life now and then, but only while packets and frames go by."""
    known = PULSE.count
    while True:
        time.sleep(SIGN_OF_LIFE_S)
        if PULSE.count != known:
            known = PULSE.count
            with speaking:
                send(answers, {"kind": ALIVE})


def _answers(request: Message) -> Iterator[Answer]:
    path = Path(os.fsdecode(bytes.fromhex(request.header["path"])))
    try:
        yield from TASKS[request.header["task"]](path, request)
        yield {"kind": "end"}, []
    except VideoError as error:
        no_memory = isinstance(error.__cause__, MemoryError)
        yield _failure(path, OutOfMemory.__name__ if no_memory else type(error).__name__, error)
    except InputError as error:
        yield {"kind": "input-error", "reason": str(error)}, []
    except MemoryError as error:
        yield _failure(path, OutOfMemory.__name__, error)


def _failure(path: Path, name: str, error: Exception) -> Answer:
    reason = getattr(error, "reason", "")
    if name == OutOfMemory.__name__:
        reason = "decoding it needs more memory than allowed; scale it down or raise memory_mb"
    return {"kind": "error", "name": name, "path": str(path), "reason": reason}, []


def _probe(path: Path, request: Message) -> Iterator[Answer]:
    info = probe(path)
    check_decodes(path, info.index)
    backend, reason = choose_backend(path, info.index, request.header["backend"])
    yield from _described(info, {"backend": backend, "backend_reason": reason})


def _header(path: Path, _: Message) -> Iterator[Answer]:
    yield {"kind": "header", "facts": asdict(read_header(path))}, []


def _described(info: VideoInfo, chosen: dict[str, str]) -> Iterator[Answer]:
    facts = {**{k: v for k, v in vars(info).items() if k != "index"}, **chosen}
    index = asdict(info.index)
    arrays = [index.pop("pts"), index.pop("key_pts")]
    yield {"kind": "info", "facts": facts, "index": index}, arrays


def _sample(path: Path, request: Message) -> Iterator[Answer]:
    said = request.header
    chunks = sampled_frames(
        path, **{k: said[k] for k in ("fps", "content_hash", "picks", "backend")}
    )
    yield from map(_chunk, chunks)


def _times(path: Path, request: Message) -> Iterator[Answer]:
    index = checked_index(path, request.header["content_hash"])
    yield {"kind": "times"}, [index.seconds(index.pts)]


def _read(path: Path, request: Message) -> Iterator[Answer]:
    said = request.header
    times = request.arrays[0]
    size = tuple(said["size"]) if said["size"] else None
    index = _index(said["index"], request.arrays[1:]) if said["index"] else scan(path)
    chunks = iter_frames_by(said["backend"], path, index, times, size, chunk=said["chunk"])
    yield from map(_chunk, chunks)


def _index(said: dict[str, Any], arrays: list[Any]) -> FrameIndex:
    time_base = (int(said["time_base"][0]), int(said["time_base"][1]))
    return FrameIndex(pts=arrays[0], key_pts=arrays[1], **{**said, "time_base": time_base})


def _chunk(frames: Frames) -> Answer:
    times = (np.asarray(frames.time_s), np.asarray(frames.requested_s))
    return {"kind": "frames"}, [frames.rgb, *times]


TASKS = {"header": _header, "probe": _probe, "sample": _sample, "times": _times, "read": _read}

if __name__ == "__main__":
    main()
