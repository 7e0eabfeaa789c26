"""A plan says what a run then does, and touches nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assets.plan import plan_run
from zs_dagster.errors import QueryError
from zs_dagster.home import Home
from zs_dagster.models import loading
from zs_dagster.models.loading import Models
from zs_dagster.models.protocols import FeatureArray, FrameArray, YesNoScorer
from zs_dagster.models.throughput import device_name, record

if TYPE_CHECKING:
    from assets.planned import StagePlan
    from tests.assets.conftest import Run
    from tests.conftest import TinyHome

    RunLocalize = Callable[..., Run]

STAGES = ("videos", "class_queries", "frame_features", "class_embeddings", "frame_confidence")
RUN = (*STAGES, "annotations", "candidate_classes")
FALLS = "purple ball falls"


class Counting:
    """The real scorer, which counts the frames it is shown."""

    def __init__(self, scorer: YesNoScorer) -> None:
        self.scorer, self.frames, self.answers = scorer, 0, 0
        self.spelled_answers: dict[str, Any] = {}

    def score(self, frames: FrameArray, questions: Sequence[str]) -> FeatureArray:
        self.frames += len(frames)
        self.answers += len(frames) * len(questions)
        return self.scorer.score(frames, questions)

    def score_stream(
        self, chunks: Iterable[FrameArray], questions: Sequence[str]
    ) -> Iterator[FeatureArray]:
        return (self.score(frames, questions) for frames in chunks)


@pytest.fixture
def scorer(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting(Models().scorer("demo"))
    monkeypatch.setattr(loading, "_scorer", lambda _profile, _device: counting)
    return counting


def files_of(root: Path) -> dict[Path, tuple[int, int]]:
    stats = {path: path.stat() for path in root.rglob("*") if path.is_file()}
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}


def numbers(plan: dict[str, "StagePlan"]) -> dict[str, tuple[int, int]]:
    return {asset: (stage.to_compute, stage.reused) for asset, stage in plan.items()}


def done(run: "Run") -> dict[str, tuple[int, int]]:
    return {asset: (run.computed(asset), run.reused(asset)) for asset in STAGES}


def test_runs_do_what_plans_said(
    tiny: "TinyHome", run_localize: "RunLocalize", scorer: Counting
) -> None:
    """From nothing, after everything, after one question; other changes are only planned."""
    before = files_of(tiny.root)
    first = plan_run("tiny", {})
    assert files_of(tiny.root) == before
    run = done(run_localize(tiny, only=RUN))
    known = {asset: run[asset] for asset in STAGES[:-1]}
    assert {asset: numbers(first)[asset] for asset in known} == known
    # Three readable videos, the two of three classes that the filter would pass, two prompts.
    assert numbers(first)["frame_confidence"] == (3 * 2 * 2, 0)
    assert first["frame_confidence"].lvlm_forwards == scorer.frames

    before = files_of(tiny.root)
    second = plan_run("tiny", {})
    assert files_of(tiny.root) == before
    assert {asset: stage.reused for asset, stage in second.items()} == {
        asset: sum(counts) for asset, counts in run.items()
    }
    assert {stage.to_compute for stage in second.values()} == {0}
    assert {(s.lvlm_forwards, s.tflop, s.hours) for s in second.values()} == {(0, 0.0, 0.0)}

    tiny.ask(FALLS, start_question="Is the purple ball high up?")
    third, seen = plan_run("tiny", {}), (scorer.frames, scorer.answers)
    assert numbers(third) == done(run_localize(tiny, only=RUN))
    assert third["class_queries"].to_compute == 1
    # One of two prompts, in the videos where the class is asked about.
    assert 0 < third["frame_confidence"].to_compute <= 3
    assert third["frame_confidence"].lvlm_forwards == scorer.frames - seen[0]
    assert third["frame_confidence"].lvlm_forwards_naive == scorer.answers - seen[1]
    _check_other_changes(tiny, third)


def _check_other_changes(tiny: "TinyHome", asked: dict[str, "StagePlan"]) -> None:
    other = {"start_questions": {FALLS: "Is the purple ball at the very top?"}}
    set_once = numbers(plan_run("tiny", other))
    assert set_once["frame_confidence"] == numbers(asked)["frame_confidence"]
    assert set_once["class_queries"] == (0, 3)

    (tiny.videos / "fourth.mp4").write_bytes((tiny.videos / "third.mp4").read_bytes())
    more = numbers(plan_run("tiny", {}))
    assert (more["videos"], more["frame_features"]) == ((1, 4), (1, 3))
    assert more["frame_confidence"][0] == 2 * 2

    tiny.describe(localization={"fps": 2, "top_k": 3})
    faster = plan_run("tiny", {})
    assert numbers(faster)["frame_features"] == (4, 0)
    assert numbers(faster)["frame_confidence"] == (4 * 3 * 2, 0)


@pytest.mark.usefixtures("tiny")
def test_what_is_assumed_or_left_out_is_said() -> None:
    plan = plan_run("tiny", {})
    notes = plan["videos"].notes
    assert any(note.startswith("broken.mp4 will be left out: ") for note in notes)
    assert "3 files are new; their headers tell the frames" in notes
    notes = plan["frame_confidence"].notes
    assert any("3 videos: 2 classes of 2 prompts are assumed for each" in n for n in notes)


@pytest.mark.usefixtures("tiny")
def test_texts_for_what_is_no_class_are_refused() -> None:
    with pytest.raises(QueryError, match="'ball' is not a class of dataset 'tiny'"):
        plan_run("tiny", {"descriptions": {"ball": "a ball"}})


@pytest.mark.usefixtures("tiny")
def test_forwards_cost_flops_and_hours_where_a_run_was_measured(tiny: "TinyHome") -> None:
    stage = plan_run("tiny", {})["frame_confidence"]
    assert stage.hours is None
    assert any("no hours: no run on this device" in note for note in stage.notes)
    assert stage.tflop is not None
    assert stage.tflop_naive is not None
    assert 0 < stage.tflop < stage.tflop_naive
    fingerprint = Models().lvlm_fingerprint("demo")
    home = Home(tiny.root)
    record(home, fingerprint, device_name(), frames=100, answers=400, seconds=50)
    stage = plan_run("tiny", {})["frame_confidence"]
    assert stage.hours == pytest.approx(stage.lvlm_forwards / 2 / 3600)


@pytest.mark.usefixtures("tiny")
def test_the_demo_is_planned_without_drawing_it(tiny: "TinyHome") -> None:
    plan = plan_run("demo", {})
    assert numbers(plan)["videos"] == (28, 0)
    assert "28 videos are drawn first" in plan["videos"].notes
    assert plan["frame_features"].to_compute == 28
    assert plan["frame_confidence"].lvlm_forwards > 28 * 60
    assert not (tiny.root / "videos").exists()


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ("light", "cannot load model 'HuggingFaceTB/SmolVLM2-2.2B-Instruct'"),
        ("remote", "a server does not say what its model computes"),
    ],
)
def test_models_that_are_not_here_give_counts_without_flops(
    tiny: "TinyHome", profile: str, reason: str
) -> None:
    served: dict[str, Any] = {"clip": "{model: ViT-B-16-SigLIP2, pretrained: webli}"}
    served["lvlm"] = "{base_url: 'http://127.0.0.1:9/v1'}"
    (tiny.root / "profiles").mkdir()
    text = "\n".join(f"{key}: {value}" for key, value in served.items())
    (tiny.root / "profiles" / "remote.yaml").write_text(text)
    tiny.describe(profile=profile)
    stage = plan_run("tiny", {})["frame_confidence"]
    assert (stage.to_compute, stage.reused, stage.tflop) == (12, 0, None)
    assert any(reason in note for note in stage.notes)
    assert any("nothing is taken as answered" in note for note in stage.notes)
    frames = plan_run("tiny", {})["frame_features"]
    assert frames.tflop == pytest.approx(9 * 0.0354, rel=0.01)
    asked_once = stage.lvlm_forwards == stage.lvlm_forwards_naive // 4
    assert asked_once is (profile == "light")
