"""The rules of `lint`: each looks at the evidence and gives one example per breach."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from zs_dagster.datasets.annotations.records import Annotation, Annotations
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.labels import normalised
from zs_dagster.datasets.splits import ClassSplit

Row = Mapping[str, Any]
PAST_END_S = 0.5
"""Annotations were made on other encodings; within half a second they are not past the end."""
DURATION_SHARE, FPS_SHARE = 0.02, 0.01


@dataclass(frozen=True)
class Evidence:
    """What the rules look at."""

    dataset: Dataset
    videos: Mapping[str, Row]
    truth: Annotations
    splits: Mapping[str, ClassSplit]

    @property
    def timed(self) -> Iterator[tuple[Annotation, float, float]]:
        """Instances with times."""
        for row in self.truth.rows:
            if row.start_s is not None and row.end_s is not None:
                yield row, row.start_s, row.end_s

    def duration_s(self, video_id: str) -> float | None:
        """Length of a video: of the file, else as the annotations say."""
        found = self.videos.get(video_id, {}).get("duration_s")
        facts = self.truth.videos.get(video_id)
        return found if found is not None or facts is None else facts.duration_s


def unknown_labels(seen: Evidence) -> Iterator[str]:
    """Labels that are no class, with the class that was perhaps meant."""
    spelt = {normalised(label): label for label in seen.dataset.classes}
    counts = Counter(row.label for row in seen.truth.rows)
    for label in sorted(set(counts) - set(seen.dataset.classes)):
        close = get_close_matches(normalised(label), spelt, 1)
        hint = f", did you mean '{spelt[close[0]]}'?" if close else ""
        yield f"'{label}' in {counts[label]} annotations{hint}"


def no_video(seen: Evidence) -> Iterator[str]:
    """Annotations that know none of the videos."""
    named = seen.truth.videos
    if named and not set(named) & set(seen.videos):
        ours, theirs = next(iter(seen.videos), ""), next(iter(named))
        yield f"the first video is '{ours}', the first annotated one '{theirs}'"


def overlap(seen: Evidence) -> Iterator[str]:
    """Classes in two parts of a split."""
    for split in seen.splits.values():
        for label in split.overlap:
            yield f"'{label}' in split {split.name}"


def not_classes(seen: Evidence) -> Iterator[str]:
    """Labels of splits that are no class."""
    for split in seen.splits.values():
        for label in sorted(
            {*split.seen, *split.unseen, *split.validation} - set(seen.dataset.classes)
        ):
            yield f"'{label}' in split {split.name}"


def past_end(seen: Evidence) -> Iterator[str]:
    """Segments that end after their video."""
    for row, start, end in seen.timed:
        duration = seen.duration_s(row.video_id)
        if duration is not None and end > duration + PAST_END_S:
            yield (
                f"{row.video_id} {row.label} {start:g} to {end:g} s, "
                f"the video ends at {duration:.2f} s"
            )


def empty(seen: Evidence) -> Iterator[str]:
    """Segments of no or negative length, or before the start."""
    for row, start, end in seen.timed:
        if end <= start or start < 0:
            yield f"{row.video_id} {row.label} {start:g} to {end:g} s"


def repeated(seen: Evidence) -> Iterator[str]:
    """Annotations that come twice."""
    counts = Counter(row[:4] for row in seen.truth.rows)
    for (video, label, start, end), count in counts.items():
        if count > 1:
            yield f"{video} {label} {start} to {end} s, {count} times"


def same_content(seen: Evidence) -> Iterator[str]:
    """Videos with the bytes of another."""
    first: dict[str, str] = {}
    for video_id, row in seen.videos.items():
        content = row.get("content_hash")
        if content in first:
            yield f"{video_id} is {first[content]}"
        elif content:
            first[content] = video_id


def unreadable(seen: Evidence) -> Iterator[str]:
    """Videos that cannot be read."""
    for video_id, row in seen.videos.items():
        if row["status"] == "unreadable":
            yield f"{video_id}: {row.get('error') or 'unreadable'}"


def missing(seen: Evidence) -> Iterator[str]:
    """Annotated videos that are not there, with the share that is."""
    wanted = [v for v in seen.truth.videos if v not in seen.dataset.excluded]
    absent = [v for v in wanted if v not in seen.videos]
    coverage = 1 - len(absent) / max(1, len(wanted))
    for video_id in absent:
        yield f"{video_id} (coverage {coverage:.1%})"


def extra(seen: Evidence) -> Iterator[str]:
    """Videos that the annotations do not know."""
    if seen.truth.videos:
        yield from (v for v in seen.videos if v not in seen.truth.videos)


def known_bad(seen: Evidence) -> Iterator[str]:
    """Videos known to be annotated wrongly."""
    for video_id, reason in seen.dataset.known_bad.items():
        if video_id in seen.videos:
            yield f"{video_id}: {reason}"


def duration(seen: Evidence) -> Iterator[str]:
    """Durations that differ from the annotation file."""
    yield from _disagreements(seen, "duration_s", DURATION_SHARE, "s")


def rate(seen: Evidence) -> Iterator[str]:
    """Frame rates that differ from the annotation file."""
    yield from _disagreements(seen, "fps", FPS_SHARE, "fps")


def _disagreements(seen: Evidence, name: str, share: float, unit: str) -> Iterator[str]:
    for video_id, facts in seen.truth.videos.items():
        said, found = getattr(facts, name), seen.videos.get(video_id, {}).get(name)
        if said and found and abs(said - found) > share * said:
            yield f"{video_id}: annotated {said:g} {unit}, the file has {found:g} {unit}"


def aliases(seen: Evidence) -> Iterator[str]:
    """Per alias, how many of its instances the implied class has too."""
    spans = {row[:4] for row in seen.truth.rows}
    for label, implied in seen.dataset.aliases.items():
        rows = [row for row in seen.truth.rows if row.label == label]
        both = sum((row.video_id, implied, *row[2:4]) in spans for row in rows)
        if rows:
            yield f"{both} of {len(rows)} {label} are annotated as {implied} too"


def without_instances(seen: Evidence) -> Iterator[str]:
    """Classes nobody annotated."""
    if seen.truth.rows:
        present = {row.label for row in seen.truth.rows}
        yield from (label for label in seen.dataset.classes if label not in present)
