"""What is wrong with a dataset: found before a number is computed from it.

Each rule looks at the description, the probed videos and the annotations as they were read, and
says what and how many. An error would make numbers meaningless and stops the run; a warning is
for a person to judge; the rest is worth knowing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from zs_dagster.datasets import lint_rules as rules
from zs_dagster.datasets.annotations.records import Annotations
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.lint_rules import PAST_END_S, Evidence, Row
from zs_dagster.datasets.splits import ClassSplit
from zs_dagster.lines import one_line

Severity = Literal["error", "warning", "info"]
MAX_SHOWN = 10


@dataclass(frozen=True)
class Finding:
    """One broken rule.

    Attributes:
        rule: Key in `RULES`.
        severity: error, warning or info.
        examples: Every breach, in words.
        remedy: What to do.
    """

    rule: str
    severity: Severity
    examples: tuple[str, ...]
    remedy: str

    @property
    def count(self) -> int:
        """How many times the rule is broken."""
        return len(self.examples)

    def sentence(self) -> str:
        """Say what, how many and what to do, in one line with the first few examples."""
        shown = "; ".join(self.examples[:MAX_SHOWN])
        more = f" and {self.count - MAX_SHOWN} more" if self.count > MAX_SHOWN else ""
        return one_line(f"{self.rule}: {self.count} ({shown}{more}); {self.remedy}")


def lint(
    dataset: Dataset,
    videos: Sequence[Row],
    truth: Annotations,
    splits: Mapping[str, ClassSplit] | None = None,
) -> list[Finding]:
    """Check a dataset by every rule.

    Args:
        dataset: Its description.
        videos: Rows of the table `videos`.
        truth: Its annotations, as read.
        splits: Its class splits.

    Returns:
        The findings, worst first; none if nothing is wrong.
    """
    evidence = Evidence(dataset, {row["video_id"]: row for row in videos}, truth, splits or {})
    findings = []
    for name, rule in RULES.items():
        examples = list(rule.find(evidence))
        if examples:
            findings.append(Finding(name, rule.severity, tuple(examples), rule.remedy))
    return sorted(
        findings, key=lambda finding: ("error", "warning", "info").index(finding.severity)
    )


class Rule(NamedTuple):
    """How bad it is, what must hold, how it is found and what to do."""

    severity: Severity
    holds: str
    find: Callable[[Evidence], Iterator[str]]
    remedy: str


RULES: dict[str, Rule] = {
    "unknown-label": Rule(
        "error",
        "Every label is a class of the dataset.",
        rules.unknown_labels,
        "add it to `classes` or correct the annotation file",
    ),
    "no-video-annotated": Rule(
        "error",
        "Some video of the dataset is annotated.",
        rules.no_video,
        "correct the ids, or `videos.prefix`",
    ),
    "seen-unseen-overlap": Rule(
        "error",
        "No class of a split is both seen and unseen.",
        rules.overlap,
        "remove it from one side; results would not be zero-shot",
    ),
    "split-label": Rule(
        "error",
        "Every label of a split is a class of the dataset.",
        rules.not_classes,
        "correct the split file",
    ),
    "segment-past-end": Rule(
        "warning",
        f"No segment ends more than {PAST_END_S:g} s after its video.",
        rules.past_end,
        "they are kept, as in published numbers; correct them for your own",
    ),
    "empty-segment": Rule(
        "warning",
        "Every segment starts at 0 or later and ends after it starts.",
        rules.empty,
        "they are left out; correct them",
    ),
    "duplicate-annotation": Rule(
        "warning", "No annotation comes twice.", rules.repeated, "remove the repetition"
    ),
    "duplicate-video": Rule(
        "warning", "No two videos have the same bytes.", rules.same_content, "remove one"
    ),
    "unreadable-video": Rule(
        "warning",
        "Every video can be read.",
        rules.unreadable,
        "get them again; the table `videos` says why",
    ),
    "missing-video": Rule(
        "warning",
        "Every annotated video is there.",
        rules.missing,
        "they are not counted, so numbers are of another set",
    ),
    "extra-video": Rule(
        "info",
        "Every video is in the annotation file.",
        rules.extra,
        "without ground truth everything found in them counts as wrong",
    ),
    "known-bad-video": Rule(
        "warning",
        "No video is known to be annotated wrongly.",
        rules.known_bad,
        "put it under `excluded` to leave it out, and say so",
    ),
    "duration-mismatch": Rule(
        "warning",
        "Durations agree with the annotation file within 2 %.",
        rules.duration,
        "the file may be another cut; get the official one",
    ),
    "fps-mismatch": Rule(
        "info",
        "Frame rates agree with the annotation file within 1 %.",
        rules.rate,
        "times are in seconds here, so this matters only to frame numbers",
    ),
    "alias": Rule(
        "info",
        "Classes that imply another one are known.",
        rules.aliases,
        "a method that gives one label per segment loses one of the two",
    ),
    "class-without-annotation": Rule(
        "warning",
        "Every class has an annotation.",
        rules.without_instances,
        "its average precision is undefined and not in the mean",
    ),
}
