"""Every lint rule by hand: what it finds, how many, and what it lets pass."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from zs_dagster.datasets.annotations.records import Annotation, Annotations, VideoFacts
from zs_dagster.datasets.catalogue import load_catalogue, load_dataset
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.labels import normalised
from zs_dagster.datasets.lint import RULES, Finding, lint
from zs_dagster.datasets.splits import ClassSplit, load_splits
from zs_dagster.errors import DatasetError

HARD_CASES = (
    Path(__file__).resolve().parents[4] / "shared/data/cezsar/ucf101_hard_cases_splits.json"
)


def dataset(**changes: Any) -> Dataset:  # noqa: ANN401
    values = {"name": "d", "videos": {"folder": "/v"}, "classes": ["run", "LongJump"]}
    return Dataset.model_validate({**values, **changes})


def video(video_id: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    facts = {"status": "ok", "duration_s": 10.0, "fps": 25.0, "content_hash": video_id}
    return {"video_id": video_id, **facts, **changes}


def annotated(*rows: Annotation, **facts: VideoFacts) -> Annotations:
    return Annotations(list(rows), {row.video_id: VideoFacts() for row in rows} | facts)


RUN = Annotation("a", "run", 1.0, 2.0)
JUMP = Annotation("a", "LongJump", 3.0, 4.0)
CLEAN = annotated(RUN, JUMP)
ONE_VIDEO = (video("a"),)


def found(
    truth: Annotations = CLEAN,
    videos: tuple[dict[str, Any], ...] = (video("a"),),
    **changes: Any,  # noqa: ANN401
) -> dict[str, Finding]:
    return {finding.rule: finding for finding in lint(dataset(**changes), videos, truth)}


def test_a_clean_dataset_has_no_findings() -> None:
    assert found() == {}


def test_a_dataset_without_annotations_is_clean() -> None:
    assert found(Annotations()) == {}


@pytest.mark.parametrize(
    ("rule", "severity", "count", "example", "arguments"),
    [
        (
            "unknown-label",
            "error",
            1,
            "'long_jump' in 1 annotations, did you mean 'LongJump'?",
            {"truth": annotated(RUN, JUMP, RUN._replace(label="long_jump"))},
        ),
        (
            "no-video-annotated",
            "error",
            1,
            "the first video is 'v_a', the first annotated one 'a'",
            {"videos": (video("v_a"),)},
        ),
        (
            "segment-past-end",
            "warning",
            1,
            "a run 9 to 10.6 s, the video ends at 10.00 s",
            {"truth": annotated(RUN._replace(start_s=9.0, end_s=10.6), JUMP)},
        ),
        (
            "empty-segment",
            "warning",
            3,
            "a run 2 to 2 s",
            {
                "truth": annotated(
                    JUMP,
                    RUN._replace(start_s=2.0, end_s=2.0),
                    RUN._replace(start_s=3.0, end_s=2.0),
                    RUN._replace(start_s=-1.0, end_s=2.0),
                )
            },
        ),
        (
            "duplicate-annotation",
            "warning",
            1,
            "a run 1.0 to 2.0 s, 3 times",
            {"truth": annotated(RUN, RUN, RUN, JUMP)},
        ),
        (
            "duplicate-video",
            "warning",
            1,
            "b is a",
            {
                "truth": annotated(RUN, JUMP, b=VideoFacts()),
                "videos": (video("a"), video("b", content_hash="a")),
            },
        ),
        (
            "unreadable-video",
            "warning",
            1,
            "a: Truncated",
            {"videos": (video("a", status="unreadable", error="Truncated", duration_s=None),)},
        ),
        (
            "missing-video",
            "warning",
            1,
            "b (coverage 50.0%)",
            {"truth": annotated(RUN, JUMP, b=VideoFacts())},
        ),
        ("extra-video", "info", 1, "b", {"videos": (video("a"), video("b"))}),
        (
            "known-bad-video",
            "warning",
            1,
            "a: shows a haircut",
            {"known_bad": {"a": "shows a haircut", "gone": "x"}},
        ),
        (
            "duration-mismatch",
            "warning",
            1,
            "a: annotated 10.3 s, the file has 10 s",
            {"truth": annotated(RUN, JUMP, a=VideoFacts(duration_s=10.3))},
        ),
        (
            "fps-mismatch",
            "info",
            1,
            "a: annotated 30 fps, the file has 25 fps",
            {"truth": annotated(RUN, JUMP, a=VideoFacts(fps=30.0))},
        ),
        (
            "alias",
            "info",
            1,
            "1 of 2 LongJump are annotated as run too",
            {
                "truth": annotated(RUN, RUN._replace(label="LongJump"), JUMP),
                "aliases": {"LongJump": "run"},
            },
        ),
        ("class-without-annotation", "warning", 1, "LongJump", {"truth": annotated(RUN)}),
    ],
)
def test_each_rule_says_what_and_how_many(
    rule: str, severity: str, count: int, example: str, arguments: dict[str, Any]
) -> None:
    finding = found(**arguments)[rule]
    assert (finding.severity, finding.count, finding.examples[0]) == (severity, count, example)
    assert finding.remedy == RULES[rule].remedy
    assert finding.sentence().startswith(f"{rule}: {count} ({example}")


def test_what_is_within_tolerance_passes() -> None:
    truth = annotated(RUN._replace(end_s=10.4), JUMP, a=VideoFacts(duration_s=10.1, fps=25.2))
    assert found(truth) == {}


def test_excluded_videos_are_not_missing() -> None:
    truth = annotated(RUN, JUMP, b=VideoFacts())
    assert found(truth, excluded={"b": "ambiguous"}) == {}


def test_findings_come_worst_first_and_show_few_examples() -> None:
    rows = [RUN._replace(label=f"x{number}") for number in range(14)]
    findings = lint(dataset(), [video("a"), video("b")], annotated(*rows))
    assert [f.severity for f in findings] == ["error", "warning", "info"]
    assert findings[0].count == len(findings[0].examples) == 14
    assert findings[0].sentence().count("annotations") == 10
    assert " and 4 more); add it to `classes`" in findings[0].sentence()


def test_a_name_does_not_break_the_line_of_a_finding() -> None:
    finding = Finding("unknown-label", "error", ("'run\n\x1b[2Jall is well'",), "add it")
    assert finding.sentence() == r"unknown-label: 1 ('run\n\x1b[2Jall is well'); add it"


def test_a_class_on_both_sides_of_a_split_is_an_error() -> None:
    split = ClassSplit("s", seen=("run", "LongJump"), unseen=("run", "fly"))
    findings = {f.rule: f for f in lint(dataset(), [video("a")], CLEAN, {"s": split})}
    assert findings["seen-unseen-overlap"].severity == "error"
    assert findings["seen-unseen-overlap"].examples == ("'run' in split s",)
    assert findings["split-label"].examples == ("'fly' in split s",)


def test_the_leak_in_the_published_hard_cases_is_caught(tmp_path: Path) -> None:
    if not HARD_CASES.is_file():
        pytest.skip("no reference data in shared/")
    published = json.loads(HARD_CASES.read_text())
    ucf = load_catalogue(tmp_path)["ucf101"]
    spelt = {normalised(label): label for label in ucf.classes}
    spelt |= {label.replace(" ", ""): exact for label, exact in spelt.items()}
    parts = {
        part: [
            spelt.get(normalised(x)) or spelt[normalised(x).replace(" ", "")] for x in labels
        ]
        for part, labels in (("seen", published["training"]), ("unseen", published["testing"]))
    }
    splits = tmp_path / "splits.yaml"
    splits.write_text(yaml.safe_dump({"hard": parts}))
    described = ucf.model_copy(update={"splits": splits})
    (finding,) = lint(described, [], Annotations(), load_splits(described))
    assert (finding.rule, finding.severity, finding.count) == (
        "seen-unseen-overlap",
        "error",
        6,
    )
    for label in ("ApplyEyeMakeup", "ApplyLipstick", "BlowDryHair", "BrushingTeeth"):
        assert f"'{label}' in split hard" in finding.sentence()
    assert "'Haircut' in split hard; 'HeadMassage' in split hard);" in finding.sentence()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("- a\n", "must map split names to seen and unseen classes"),
        ("s: [run]\n", "s: must have unseen, and may have seen and validation"),
        ("s: {seen: [run]}\n", "s: must have unseen, and may have seen and validation"),
        ("s: {unseen: [run], test: [run]}\n", "s: must have unseen, and may have seen"),
        ("s: {unseen: run}\n", "s.unseen: must be a list of class labels, got 'run'"),
        ("s: {unseen: [3]}\n", "s.unseen: must be a list of class labels, got [3]"),
    ],
)
def test_a_malformed_split_file_is_named(tmp_path: Path, text: str, rule: str) -> None:
    (tmp_path / "splits.yaml").write_text(text)
    described = dataset(splits=str(tmp_path / "splits.yaml"))
    with pytest.raises(DatasetError) as caught:
        load_splits(described)
    assert str(caught.value).startswith(f"{tmp_path}/splits.yaml: {rule}")


def test_splits_may_lie_beside_the_datasets(tmp_path: Path) -> None:
    (tmp_path / "splits.yaml").write_text("s: {unseen: [run]}\n")
    values = {
        "name": "d",
        "videos": {"folder": "v"},
        "classes": ["run"],
        "splits": "splits.yaml",
    }
    (tmp_path / "d.yaml").write_text(yaml.safe_dump(values))
    assert "d" in load_catalogue(tmp_path)
    assert load_splits(load_dataset(tmp_path / "d.yaml"))["s"].unseen == ("run",)
