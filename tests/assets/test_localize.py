"""The whole graph: what it writes, what it reuses, what a change makes it compute again."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from zs_dagster.errors import DatasetError, ModelError
from zs_dagster.home import Home
from zs_dagster.models import loading
from zs_dagster.models.protocols import FeatureArray, FrameArray, YesNoScorer
from zs_dagster.schemas import SCHEMAS

if TYPE_CHECKING:
    from tests.assets.conftest import Finished, Run
    from tests.conftest import TinyHome

    RunLocalize = Callable[..., Run]

CACHED = ("frame_features", "frame_confidence", "class_queries", "class_embeddings")
OF_CLIPS = {
    *("clip_predictions", "clip_classifiers", "zar_predictions", "zar_classifiers"),
    *("classification_metrics", "classification_history", "class_accuracy"),
    *("cezsar_predictions", "cezsar_classifiers", "cezsar_spaces", "semantic_gap"),
    *("captions", "sentence_embeddings", "cezsar_model", "cezsar_history", "cezsar_metrics"),
}
FALLS = "purple ball falls"
PROVENANCE = {"run_id", "created_at", "git_commit"}


def rows_of(home: Home, table: str) -> list[dict[str, Any]]:
    """Return the rows of all parts of a table, in an order of their own, without provenance."""
    parts = sorted(path.stem for path in (home.tables.root / table / "tiny").glob("*.parquet"))
    rows = [row for part in parts for row in home.tables.rows(table, "tiny", part)]
    return [{k: v for k, v in row.items() if k not in PROVENANCE} for row in rows]


def asked(home: Home) -> dict[str, set[str]]:
    """Return per video the classes that were asked about."""
    videos: dict[str, set[str]] = {}
    for row in rows_of(home, "candidate_classes"):
        if row["is_candidate"] or row["is_known"]:
            videos.setdefault(row["video_id"], set()).add(row["label"])
    return videos


class Failing:
    """The real scorer, until it is asked about one video too many."""

    def __init__(self, scorer: YesNoScorer, allowed: int) -> None:
        self.scorer, self.left = scorer, allowed

    def score(self, frames: FrameArray, questions: Sequence[str]) -> FeatureArray:
        if self.left == 0:
            raise ModelError("the GPU fell out of the machine")
        self.left -= 1
        return self.scorer.score(frames, questions)

    def score_stream(
        self, chunks: Iterable[FrameArray], questions: Sequence[str]
    ) -> Iterator[FeatureArray]:
        return (self.score(frames, questions) for frames in chunks)


def test_one_run_writes_every_table_and_duckdb_has_the_same_rows(finished: "Finished") -> None:
    with duckdb.connect(str(finished.home.results), read_only=True) as connection:
        for table in SCHEMAS:
            count = connection.execute(f"select count(*) from {table}").fetchall()[0][0]  # noqa: S608
            assert count == len(rows_of(finished.home, table)), table
            assert (count > 0) is (table not in OF_CLIPS), table


def test_results_and_report_lie_where_the_home_says(finished: "Finished") -> None:
    assert finished.run.metadata["localization_results"]["file"] == str(finished.home.results)
    assert finished.run.metadata["report"]["file"] == str(finished.home.reports / "tiny.html")


def test_an_unreadable_video_is_a_row_with_the_reason(finished: "Finished") -> None:
    videos = {row["video_id"]: row for row in rows_of(finished.home, "videos")}
    assert set(videos) == {"broken", "first", "nested/second", "third"}
    assert videos["broken"]["status"] == "unreadable"
    assert videos["broken"]["reason"]
    assert videos["broken"]["duration_s"] is None
    assert videos["first"]["status"] == "ok"
    assert videos["first"]["reason"] is None
    assert videos["first"]["duration_s"] == pytest.approx(3.0)
    assert finished.run.metadata["videos"]["unreadable"] == 1


def test_frames_are_scored_once_a_second_for_the_asked_classes(finished: "Finished") -> None:
    rows = rows_of(finished.home, "frame_confidence")
    scored: dict[str, set[str]] = {}
    for row in rows:
        scored.setdefault(row["video_id"], set()).add(row["label"])
    assert scored == asked(finished.home)
    first = [r["time_s"] for r in rows if r["video_id"] == "first"]
    assert sorted(set(first)) == pytest.approx([0.0, 1.0, 2.0], abs=0.5)
    assert all(0 <= row["p_start"] <= 1 and 0 <= row["p_end"] <= 1 for row in rows)


def test_the_first_run_asks_every_distinct_prompt_once_per_video(finished: "Finished") -> None:
    # No two classes of this bank share a prompt, so there are two per class and video.
    expected = 2 * sum(len(labels) for labels in asked(finished.home).values())
    assert finished.run.computed("frame_confidence") == expected
    assert finished.run.reused("frame_confidence") == 0
    assert finished.run.computed("frame_features") == 3


def test_every_method_answers_only_what_it_may(finished: "Finished") -> None:
    classes = {
        (r["video_id"], r["label"]): r for r in rows_of(finished.home, "candidate_classes")
    }
    for row in rows_of(finished.home, "segments"):
        of = classes[row["video_id"], row["label"]]
        if row["method"] in {"zeal", "clip-only"}:
            assert of["is_candidate"], row
        if row["method"] == "zeal-known-classes":
            assert of["is_known"], row


def test_metrics_carry_their_provenance(finished: "Finished") -> None:
    rows = finished.home.tables.rows("localization_metrics", "tiny")
    averages = {row["method"] for row in rows if row["metric"] == "average_mAP"}
    assert averages == {"zeal", "zeal-known-classes", "clip-only", "random"}
    assert {"filter_recall", "filter_precision"} <= {row["metric"] for row in rows}
    for row in rows:
        assert row["run_id"]
        assert row["git_commit"]
        assert row["lvlm"] == loading.Models().lvlm_fingerprint("demo")
        assert row["clip"] == loading.Models().clip_fingerprint("demo")
        is_paired = "_over_" in row["metric"] or "_minus_" in row["metric"]
        assert 0 <= row["value"] <= 1 or is_paired


def test_a_second_run_computes_nothing_and_has_the_same_versions(
    again: "TinyHome", finished: "Finished", run_localize: "RunLocalize"
) -> None:
    second = run_localize(again)
    assert {asset: second.computed(asset) for asset in CACHED} == dict.fromkeys(CACHED, 0)
    for asset in CACHED:
        total = finished.run.computed(asset) + finished.run.reused(asset)
        assert second.reused(asset) == total, asset
    unversioned = {"localization_results", "report"}
    ours = {k: v for k, v in second.version.items() if k not in unversioned}
    assert ours == {k: finished.run.version[k] for k in ours}


def test_a_second_run_keeps_the_history_of_the_metrics(
    again: "TinyHome", run_localize: "RunLocalize"
) -> None:
    before = rows_of(Home(again.root), "metrics_history")
    run_localize(again)
    assert len(rows_of(Home(again.root), "metrics_history")) == 2 * len(before)


def test_an_edited_question_is_asked_again_and_no_other(
    again: "TinyHome", run_localize: "RunLocalize"
) -> None:
    home = Home(again.root)
    before = asked(home)
    again.ask(FALLS, start_question="Is the purple ball high?")
    run = run_localize(again)
    videos = [video for video, labels in before.items() if FALLS in labels]
    assert videos
    assert run.computed("class_queries") == 1
    assert run.computed("class_embeddings") == 0
    assert run.computed("frame_features") == 0
    assert run.computed("frame_confidence") == len(videos)
    assert {r["video_id"] for r in rows_of(home, "frame_confidence")} == set(before)


def test_a_question_given_for_one_run_leaves_the_bank_and_its_cache_alone(
    again: "TinyHome", run_localize: "RunLocalize"
) -> None:
    option = {"class_queries": {"end_questions": {FALLS: "Is the purple ball low?"}}}
    tried = run_localize(again, option)
    assert tried.computed("class_queries") == 0
    assert tried.computed("frame_confidence") > 0
    queries = {r["label"]: r for r in rows_of(Home(again.root), "class_queries")}
    assert queries[FALLS]["end_question"] == "Is the purple ball low?"
    assert queries[FALLS]["source"] == "run configuration"
    back = run_localize(again)
    assert back.computed("frame_confidence") == 0


def test_another_confidence_weight_scores_nothing_and_changes_segments(
    again: "TinyHome", finished: "Finished", run_localize: "RunLocalize"
) -> None:
    run = run_localize(again, {"segments": {"parameters": {"confidence_weight": 0.9}}})
    assert run.computed("frame_confidence") == run.computed("frame_features") == 0
    assert run.version["frame_confidence"] == finished.run.version["frame_confidence"]
    assert run.version["segments"] != finished.run.version["segments"]
    changed = rows_of(Home(again.root), "segments")
    before = rows_of(finished.home, "segments")
    for method, is_same in (("zeal", False), ("clip-only", True)):
        kept = [r for r in changed if r["method"] == method]
        assert (kept == [r for r in before if r["method"] == method]) is is_same, method


def test_a_failing_scorer_keeps_the_finished_videos(
    tiny: "TinyHome",
    finished: "Finished",
    run_localize: "RunLocalize",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = Failing(loading.Models().scorer("demo"), allowed=1)
    with monkeypatch.context() as patch:
        patch.setattr(loading, "_scorer", lambda _lvlm, _device: failing)
        with pytest.raises(ModelError, match="the GPU fell out of the machine"):
            run_localize(tiny)
    home = Home(tiny.root)
    kept = len(list((home.store.root / "frame_confidence").rglob("*.safetensors")))
    assert kept == 2 * len(asked(home)["first"])
    rest = run_localize(tiny)
    assert rest.reused("frame_confidence") == kept
    total = finished.run.computed("frame_confidence")
    assert rest.computed("frame_confidence") == total - kept
    for table in ("frame_confidence", "segments", "localization_metrics"):
        assert rows_of(home, table) == rows_of(finished.home, table), table


def test_an_annotation_of_an_unknown_class_fails_with_a_sentence(
    tiny: "TinyHome", run_localize: "RunLocalize"
) -> None:
    tiny.annotate({"first": [("purple bal rises", 1.0, 2.0)]})
    with pytest.raises(
        DatasetError,
        match=r"annotations of dataset 'tiny': unknown-label: 1 \('purple bal rises' in 1 "
        r"annotations, did you mean 'purple ball rises'\?\); add it to `classes` or correct",
    ):
        run_localize(tiny)


def test_without_ground_truth_there_are_segments_but_no_metrics(
    again: "TinyHome", run_localize: "RunLocalize"
) -> None:
    again.describe(annotations=None)
    run = run_localize(again)
    home = Home(again.root)
    assert rows_of(home, "annotations") == []
    assert {r["method"] for r in rows_of(home, "segments")} >= {"zeal", "random"}
    assert rows_of(home, "localization_metrics") == rows_of(home, "class_metrics") == []
    assert run.computed("localization_metrics") == 0
    page = (home.reports / "tiny.html").read_text()
    assert "first" in page


def test_a_removed_video_leaves_no_rows(again: "TinyHome", run_localize: "RunLocalize") -> None:
    (again.videos / "third.mp4").unlink()
    again.annotate({"first": [("purple ball rises", 1.0, 2.0)]})
    run = run_localize(again)
    home = Home(again.root)
    assert run.computed("frame_features") == 0
    for table in ("videos", "frame_features", "candidate_classes", "segments"):
        assert "third" not in {row["video_id"] for row in rows_of(home, table)}, table
    with duckdb.connect(str(home.results), read_only=True) as connection:
        left = connection.execute("select distinct video_id from frame_confidence").fetchall()
    assert sorted(left) == [("first",), ("nested/second",)]


def test_a_copied_video_is_not_encoded_or_scored_again(
    again: "TinyHome", finished: "Finished", run_localize: "RunLocalize"
) -> None:
    (again.videos / "third.mp4").rename(again.videos / "renamed.mp4")
    again.annotate({"renamed": [("purple ball rises", 0.0, 1.0)]})
    run = run_localize(again)
    assert run.computed("frame_features") == 0
    # The classes asked about may differ with the ground truth, the content does not.
    assert run.computed("frame_confidence") <= 2
    assert run.reused("frame_features") == finished.run.computed("frame_features")


def test_no_readable_video_fails_with_the_reason(
    tiny: "TinyHome", run_localize: "RunLocalize"
) -> None:
    for path in tiny.videos.rglob("*.mp4"):
        path.write_bytes(b"no video")
    with pytest.raises(DatasetError, match="no video of 'tiny' can be read; the first, "):
        run_localize(tiny)


def test_a_text_for_an_unknown_class_is_refused(
    tiny: "TinyHome", run_localize: "RunLocalize"
) -> None:
    option = {"class_queries": {"descriptions": {"flies": "a bird flies"}}}
    with pytest.raises(ValueError, match="'flies' is not a class of dataset 'tiny'"):
        run_localize(tiny, option)


def test_the_report_is_one_page_that_loads_nothing(finished: "Finished") -> None:
    assert [path.name for path in finished.home.reports.iterdir()] == ["tiny.html"]
    page = (finished.home.reports / "tiny.html").read_text(encoding="utf-8")
    for label in ("purple ball rises", "purple ball falls", "orange square slides right"):
        assert label in page, label
    assert not re.search(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//""", page)
    assert "data:video/mp4;base64," in page
