"""What is wrong with the captions of a dataset: found before anything is trained on them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from zs_dagster.datasets.annotations.captions import Caption
from zs_dagster.datasets.lint import Finding, Severity
from zs_dagster.datasets.lint_rules import PAST_END_S

MAX_CHARACTERS = 10_000
"""Of a caption. A page of text is no caption, and its tokens would be counted for hours."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Captioned:
    """Captions beside the videos they are about.

    Attributes:
        captions: As they were read.
        videos: Rows of the table `videos`, by id.
        is_trimmed: Whether what is outside a video is cut off.
    """

    captions: Sequence[Caption]
    videos: Mapping[str, Row]
    is_trimmed: bool = False

    def about_videos(self) -> Iterator[tuple[Caption, float]]:
        """Yield the captions of readable videos, each with the duration of its video."""
        for caption in self.captions:
            row = self.videos.get(caption.video_id)
            if row is not None and row["status"] == "ok":
                yield caption, float(row["duration_s"])


def lint_captions(evidence: Captioned) -> list[Finding]:
    """Check captions by every rule.

    Returns:
        The findings, errors first; none if nothing is wrong.
    """
    findings = []
    for name, rule in CAPTION_RULES.items():
        examples = tuple(rule.find(evidence))
        if examples:
            findings.append(Finding(name, rule.severity, examples, rule.remedy))
    return sorted(findings, key=lambda finding: finding.severity != "error")


def usable(evidence: Captioned) -> list[Caption]:
    """Return the captions to train on: of readable videos, cut at the end of their video."""
    return [
        caption._replace(end_s=min(caption.end_s, duration_s))
        for caption, duration_s in evidence.about_videos()
        if caption.start_s < min(caption.end_s, duration_s)
    ]


class Rule(NamedTuple):
    """How bad it is, what must hold, how it is found and what to do."""

    severity: Severity
    holds: str
    find: Callable[[Captioned], Iterator[str]]
    remedy: str


def _none(evidence: Captioned) -> Iterator[str]:
    if not evidence.captions:
        yield "the files hold no caption"


def _no_video(evidence: Captioned) -> Iterator[str]:
    named = {caption.video_id for caption in evidence.captions}
    if named and not named & set(evidence.videos):
        yield f"the first is '{min(named)}', the first video '{min(evidence.videos)}'"


def _empty_text(evidence: Captioned) -> Iterator[str]:
    return (_where(caption) for caption in evidence.captions if not caption.text)


def _long_text(evidence: Captioned) -> Iterator[str]:
    for caption in evidence.captions:
        if len(caption.text) > MAX_CHARACTERS:
            yield f"{_where(caption)} has {len(caption.text)}"


def _backwards(evidence: Captioned) -> Iterator[str]:
    for caption in evidence.captions:
        if not 0 <= caption.start_s < caption.end_s:
            yield _where(caption)


def _outside(evidence: Captioned) -> Iterator[str]:
    for caption, duration_s in evidence.about_videos():
        if caption.end_s > duration_s + PAST_END_S and not evidence.is_trimmed:
            yield f"{_where(caption)} of {duration_s:g} s"


def _missing(evidence: Captioned) -> Iterator[str]:
    known = {video for video, row in evidence.videos.items() if row["status"] == "ok"}
    yield from sorted({caption.video_id for caption in evidence.captions} - known)


def _where(caption: Caption) -> str:
    return f"'{caption.video_id}' {caption.start_s:g} to {caption.end_s:g} s"


CAPTION_RULES: dict[str, Rule] = {
    "no-caption": Rule(
        "error", "There is a caption.", _none, "give a file with captions under `captions`"
    ),
    "no-captioned-video": Rule(
        "error",
        "Some video of the dataset is captioned.",
        _no_video,
        "correct the ids, or `videos.prefix`",
    ),
    "empty-caption": Rule(
        "error", "No caption is empty.", _empty_text, "write the sentence or remove the entry"
    ),
    "long-caption": Rule(
        "error",
        f"No caption has more than {MAX_CHARACTERS} characters.",
        _long_text,
        "shorten it or remove the entry",
    ),
    "backward-caption": Rule(
        "error",
        "Every caption starts at 0 or later and ends after it starts.",
        _backwards,
        "correct its times or remove the entry",
    ),
    "caption-outside-video": Rule(
        "error",
        f"No caption ends more than {PAST_END_S:g} s after its video.",
        _outside,
        "correct its times, or write `captions: {..., outside: trim}` to cut them",
    ),
    "captioned-video-missing": Rule(
        "warning",
        "Every captioned video can be read.",
        _missing,
        "their captions are left out",
    ),
}
