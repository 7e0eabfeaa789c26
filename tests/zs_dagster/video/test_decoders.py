"""Decoding in child processes: the same frames, and whatever happens costs one file."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zs_dagster.errors import InputError, VideoError
from zs_dagster.video import messages
from zs_dagster.video.decoders import Decoders, Sampling
from zs_dagster.video.errors import (
    DecoderCrashed,
    DecodeTimeout,
    NotAFile,
    NotAVideo,
    NotReadable,
    OutOfMemory,
    named_error,
)
from zs_dagster.video.messages import ALIVE, Message
from zs_dagster.video.probe import VideoInfo, probe
from zs_dagster.video.process import Limits
from zs_dagster.video.reading import read_frames
from zs_dagster.video.sampled import sampled_frames

Writer = Callable[..., Path]
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory, video: Writer) -> Path:
    """Enough frames of enough pixels that no pipe holds them."""
    return video(tmp_path_factory.mktemp("big") / "big.mp4", range(400), size=(640, 480))


def test_a_child_gives_what_this_process_would(plain: Path) -> None:
    with Decoders(1) as pool:
        info = pool.probe(plain)
        mine = probe(plain)
        assert info == mine
        np.testing.assert_array_equal(info.index.pts, mine.index.pts)
        np.testing.assert_array_equal(info.index.key_pts, mine.index.key_pts)
        times = [2.0, 0.3, 0.3, -1.0, 99.0]
        for index in (None, info.index):
            stream = pool.iter_frames(plain, times, index=index, size=(32, 24), chunk=2)
            chunks = list(stream)
            whole = read_frames(plain, mine.index, times, (32, 24))
            assert [len(chunk) for chunk in chunks] == [2, 2, 1]
            for name in ("rgb", "time_s", "requested_s"):
                joined = np.concatenate([getattr(chunk, name) for chunk in chunks])
                np.testing.assert_array_equal(joined, getattr(whole, name))


def test_relative_paths_start_where_the_caller_is(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.mp4").write_bytes(plain.read_bytes())
    with Decoders(1) as pool:
        assert pool.probe("here.mp4").n_frames == 60
        with pytest.raises(NotReadable, match=r"cannot read video 'there\.mp4': no such file"):
            pool.probe("there.mp4")


def test_bad_files_between_good_ones_cost_only_themselves(plain: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("this is no video")
    os.mkfifo(tmp_path / "pipe.mp4")
    strange = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    strange.write_bytes(plain.read_bytes())
    paths = [plain, text, tmp_path / "pipe.mp4", tmp_path / "none.mp4", strange, plain]
    with Decoders(2) as pool:
        found = list(pool.probe_many(paths))
    assert [path for path, _ in found] == paths
    kinds = [type(info) for _, info in found]
    assert kinds == [VideoInfo, NotAVideo, NotAFile, NotReadable, NotReadable, VideoInfo]
    assert str(found[4][1]).endswith("caf\\xe9.mp4': its name is not UTF-8; rename it")


def test_files_read_ahead_come_in_order_and_whole(plain: Path, big: Path) -> None:
    wanted = [Sampling(big, 20.0), Sampling(plain, 5.0), Sampling(plain, 7.0)]
    with Decoders(3) as pool:
        for request, stream in pool.sampled_many(wanted):
            found = np.concatenate([frames.rgb for frames in stream])
            chunks = sampled_frames(request.path, request.fps)
            np.testing.assert_array_equal(found, np.concatenate([c.rgb for c in chunks]))


def test_errors_come_as_the_stream_is_read_and_the_next_file_is_fine(
    plain: Path, tmp_path: Path
) -> None:
    wanted = [
        Sampling(tmp_path / "none.mp4", 1.0),
        Sampling(plain, 1.0, "another hash"),
        Sampling(plain, 0.0),
        Sampling(plain, 1.0),
    ]
    rules = ["no such file", "changed since it was probed", "fps must be finite and > 0, got 0"]
    outcomes: list[int | str] = []
    with Decoders(2) as pool:
        for _, stream in pool.sampled_many(wanted):
            try:
                outcomes.append(sum(len(frames) for frames in stream))
            except (VideoError, InputError) as error:
                outcomes.append(str(error))
    assert outcomes[3] == 3
    assert all(rule in str(said) for rule, said in zip(rules, outcomes, strict=False))


def test_an_abandoned_stream_frees_its_child(big: Path, plain: Path) -> None:
    with Decoders(1) as pool:
        stream = pool.sampled_frames(Sampling(big, 25.0))
        assert len(next(stream)) > 0
        stream.close()
        assert pool.probe(plain).n_frames == 60


def test_a_killed_child_is_one_failed_file(big: Path, plain: Path) -> None:
    with Decoders(1) as pool:
        stream = pool.sampled_frames(Sampling(big, 25.0))
        next(stream)
        os.kill(stream.pid or 0, signal.SIGKILL)
        with pytest.raises(DecoderCrashed, match=r"the decoder was ended by SIGKILL; get the"):
            list(stream)
        assert pool.probe(plain).n_frames == 60


def test_a_silent_child_is_killed(big: Path, plain: Path) -> None:
    with Decoders(1, Limits(timeout_s=5.0)) as pool:
        stream = pool.sampled_frames(Sampling(big, 25.0))
        next(stream)
        os.kill(stream.pid or 0, signal.SIGSTOP)
        with pytest.raises(
            DecodeTimeout, match=r"the decoder was silent for 5 s; get the file"
        ):
            list(stream)
    with Decoders(1) as pool:
        assert pool.probe(plain).n_frames == 60


def test_signs_of_life_are_no_answers(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter([Message({"kind": ALIVE}, []), Message({"kind": ALIVE}, [])])

    def receive(fd: int, timeout_s: float | None) -> Message | None:
        return next(said, None) or messages.receive(fd, timeout_s)

    monkeypatch.setattr("zs_dagster.video.process.receive", receive)
    with Decoders(1) as pool:
        assert pool.probe(plain).n_frames == 60


def test_memory_is_limited(tmp_path: Path, video: Writer, plain: Path) -> None:
    large = video(tmp_path / "large.mp4", range(3), size=(3840, 2160))
    with Decoders(1, Limits(memory_mb=700)) as pool:
        with pytest.raises(OutOfMemory, match="decoding it needs more memory than allowed"):
            list(pool.iter_frames(large, np.zeros(64), chunk=64))
        assert pool.probe(plain).n_frames == 60


@pytest.mark.parametrize("is_idle", [False, True])
def test_children_end_with_a_killed_parent(big: Path, is_idle: bool) -> None:
    script = f"""
import os, signal, sys
from pathlib import Path
from zs_dagster.video.decoders import Decoders, Sampling
pool = Decoders(1)
stream = pool.sampled_frames(Sampling(Path({str(big)!r}), 25.0))
next(stream)
print(stream.pid, flush=True)
if {is_idle}:
    list(stream)
os.kill(os.getpid(), signal.SIGKILL)
"""
    parent = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert parent.returncode == -signal.SIGKILL
    child = int(parent.stdout)
    # Its end may be a moment away; a descriptor of the process turns readable when it comes.
    try:
        ending = os.pidfd_open(child)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(ending, select.POLLIN)
    assert poll.poll(30_000), "the child outlived its parent"
    os.close(ending)


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_closing_the_pool_ends_its_children(plain: Path) -> None:
    with Decoders(1) as pool:
        stream = pool.sampled_frames(Sampling(plain, 1.0))
        pid = stream.pid or 0
        list(stream)
    assert not _runs(pid)


def test_errors_are_rebuilt_by_name() -> None:
    error = named_error("NotAFile", "a.mp4", "a pipe")
    assert isinstance(error, NotAFile)
    assert (error.path, error.reason) == ("a.mp4", "a pipe")
    assert type(named_error("SystemExit", "a", "b")) is VideoError
