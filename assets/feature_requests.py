"""What is wanted of the frames of a video, and how it gets into the feature bank."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assets.decoding import sampling
from assets.feature_rows import Video, bank_name, rate_key
from assets.frame_evidence import has_evidence, keep_evidence
from zs_dagster.digests import digest
from zs_dagster.errors import VideoError
from zs_dagster.frame_features.bank import FeatureBank, Times, Wanted, ticks
from zs_dagster.models.crops import EVAL
from zs_dagster.models.protocols import FrameEncoder
from zs_dagster.store import Store
from zs_dagster.video.decoders import Sampling
from zs_dagster.video.frames import Frames
from zs_dagster.video.thumbnails import thumbnails


class Request(Protocol):
    """What is wanted of one video."""

    @property
    def video(self) -> Video:
        """The row of the table `videos`."""

    def row(self) -> dict[str, Any]:
        """Return the row of `frame_features`."""

    def is_done(self) -> bool:
        """Say whether the bank has it all."""

    def sampling(self) -> Sampling:
        """Return what to decode."""

    def take(self, chunks: Iterable[Frames], encoder: FrameEncoder) -> int:
        """Encode what is missing; returns how many crops of frames that were."""


@dataclass(frozen=True)
class AtRate:
    """The frames of a video at a rate, as localization looks at them."""

    store: Store
    video: Video
    fingerprint: str
    fps: float

    @property
    def bank(self) -> FeatureBank:
        """The bank of the video."""
        return FeatureBank(self.store, bank_name(self.video, self.fingerprint))

    def row(self) -> dict[str, Any]:
        """See `Request`."""
        name = bank_name(self.video, self.fingerprint)
        return {"video_id": self.video["video_id"], "bank": name, "key": rate_key(self.fps)}

    def is_done(self) -> bool:
        """See `Request`."""
        return self.bank.has(rate_key(self.fps))

    def sampling(self) -> Sampling:
        """See `Request`."""
        return sampling(self.video, self.fps)

    def take(self, chunks: Iterable[Frames], encoder: FrameEncoder) -> int:
        """See `Request`; the entry is written when all frames are there."""
        bank, times, parts, encoded = self.bank, [], [], 0
        for frames in chunks:
            is_new = _is_among(frames.time_s, bank.missing({EVAL: frames.time_s}).get(EVAL))
            features = encoder.encode_frames(_picked(frames, is_new)).astype(np.float16)
            known = bank.gather(frames.time_s[~is_new], EVAL) if not is_new.all() else None
            parts.append(_merged(is_new, features, known))
            times.append(frames.time_s)
            encoded += int(is_new.sum())
        bank.save(np.concatenate(times), {EVAL: np.concatenate(parts)}, rate_key(self.fps))
        return encoded


@dataclass(frozen=True)
class OfViews:
    """Chosen frames and crops of a video, as classifiers look at them.

    Attributes:
        times: Shape ``(T,)``, when each frame of the file is shown, seconds.
        wanted: Crop -> times of the frames wanted of it.
        is_watched: Whether cuts and motion are to be found on the way.
    """

    store: Store
    video: Video
    fingerprint: str
    times: Times
    wanted: Wanted
    is_watched: bool = False

    @property
    def bank(self) -> FeatureBank:
        """The bank of the video."""
        return FeatureBank(self.store, bank_name(self.video, self.fingerprint))

    def row(self) -> dict[str, Any]:
        """See `Request`."""
        key = digest({crop: ticks(times).tolist() for crop, times in self.wanted.items()})
        name = bank_name(self.video, self.fingerprint)
        return {"video_id": self.video["video_id"], "bank": name, "key": key}

    def is_done(self) -> bool:
        """See `Request`."""
        return not self._lacks_evidence and not self.bank.missing(self.wanted)

    @property
    def _lacks_evidence(self) -> bool:
        return self.is_watched and not has_evidence(self.store, self.video)

    def sampling(self) -> Sampling:
        """See `Request`: each frame once, whatever crops are wanted of it."""
        if self._lacks_evidence:
            return sampling(self.video, None)
        # Nothing may be left by now: another file with the same bytes came first.
        left = [np.empty(0), *self.bank.missing(self.wanted).values()]
        union = np.unique(np.concatenate([ticks(times) for times in left]))
        picks = np.flatnonzero(np.isin(ticks(self.times), union))
        return sampling(self.video, None, picks.tolist())

    def take(self, chunks: Iterable[Frames], encoder: FrameEncoder) -> int:
        """See `Request`; entries are written when all frames are there.

        Raises:
            VideoError: If the file cannot be read, or shows other frames than it did.
        """
        bank, pictures, is_watching = self.bank, [], self._lacks_evidence
        groups = _by_times(bank.missing(self.wanted))
        for frames in chunks:
            if is_watching:
                pictures.append(thumbnails(frames.rgb))
            for group in groups:
                group.take(frames, encoder)
        for group in groups:
            if reason := group.shortage():
                raise VideoError(self.video["path"], f"{reason}; get the file again")
            bank.save(*group.found())
        if pictures:
            keep_evidence(self.store, self.video, np.concatenate(pictures))
        return sum(group.times.size * len(group.crops) for group in groups)


@dataclass
class _Group:
    """Crops of which the same frames are wanted: each of these is scaled once for all."""

    times: Times
    crops: list[str] = field(default_factory=list)
    parts: list[tuple[Times, dict[str, NDArray[np.float16]]]] = field(default_factory=list)

    def take(self, frames: Frames, encoder: FrameEncoder) -> None:
        """Encode what is wanted of some frames."""
        rows = _is_among(frames.time_s, self.times)
        if rows.any():
            encoded = encoder.encode_crops(_picked(frames, rows), self.crops)
            halves = {crop: features.astype(np.float16) for crop, features in encoded.items()}
            self.parts.append((frames.time_s[rows], halves))

    def shortage(self) -> str:
        """Say how many of the frames were not shown; empty where all were."""
        there = sum(shown.size for shown, _ in self.parts)
        if there == self.times.size:
            return ""
        return f"{there} of {self.times.size} frames wanted are shown when they were"

    def found(self) -> tuple[Times, dict[str, NDArray[np.float16]]]:
        """Return when the frames are shown, and the features of each crop."""
        shown, parts = zip(*self.parts, strict=True)
        features = {crop: np.concatenate([part[crop] for part in parts]) for crop in self.crops}
        return np.concatenate(shown), features


def _by_times(wanted: Wanted) -> list[_Group]:
    groups: dict[bytes, _Group] = {}
    for crop, times in wanted.items():
        groups.setdefault(ticks(times).tobytes(), _Group(times)).crops.append(crop)
    return list(groups.values())


def _is_among(times: Times, others: Times | None) -> NDArray[np.bool_]:
    return np.isin(ticks(times), ticks(np.empty(0) if others is None else others))


def _picked(frames: Frames, rows: NDArray[np.bool_]) -> NDArray[np.uint8]:
    # Picking all of them would copy tens of megabytes.
    return frames.rgb if rows.all() else frames.rgb[rows]


def _merged(
    is_new: NDArray[np.bool_], new: NDArray[np.float16], known: NDArray[np.float16] | None
) -> NDArray[np.float16]:
    """Put new and known features of a chunk into the order of its frames."""
    if known is None:
        return new
    merged = np.empty((is_new.size, known.shape[1]), dtype=np.float16)
    merged[~is_new] = known
    merged[is_new] = new
    return merged
