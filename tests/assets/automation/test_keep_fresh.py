"""A change outside the graph, and what is requested until all has settled."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from assets.automation.staleness import FRESH, freshness
from assets.automation.watching import observe
from resources.home import HomeResource
from resources.library import VideoLibrary
from zs_dagster.definitions import STAGES, defs

if TYPE_CHECKING:
    from tests.conftest import TinyHome

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
LOCALIZATION = STAGES["localization"]
TINY = {"tiny"}
BY_METHOD = {"ablations", "loss_waterfall", "error_types", "protocol_metrics"}


@dataclass
class Watched:
    """A home that was run once, and the automation over it."""

    files: "TinyHome"
    instance: dg.DagsterInstance
    library: VideoLibrary = field(default_factory=lambda: VideoLibrary(home=HomeResource()))
    cursor: Any = None

    def run(self, assets: list[str]) -> None:
        defs.resolve_job_def("localize").execute_in_process(
            partition_key="tiny",
            instance=self.instance,
            run_config=QUIET,
            asset_selection=[dg.AssetKey(name) for name in assets],
        )

    def look(self) -> None:
        observe(self.instance, self.library.dataset("tiny"), self.library)

    def requested(self) -> dict[str, set[str | None]]:
        """Evaluate the conditions of all assets of all partitions once."""
        found = dg.evaluate_automation_conditions(defs, self.instance, cursor=self.cursor)
        self.cursor = found.cursor
        keys = defs.resolve_asset_graph().get_all_asset_keys()
        wanted = {k.to_user_string(): found.get_requested_partitions(k) for k in keys}
        return {name: set(partitions) for name, partitions in wanted.items() if partitions}

    def settled(self) -> list[dict[str, set[str | None]]]:
        """Do what is requested until nothing is; return the requests tick by tick."""
        self.look()
        ticks = []
        while wanted := self.requested():
            ticks.append(wanted)
            self.run(list(wanted))
        return ticks

    def states(self) -> dict[str, str]:
        found = freshness(
            self.instance,
            defs.resolve_asset_graph(),
            self.library.home.get(),
            "tiny",
            LOCALIZATION,
        )
        return {name: f"{one.state} {one.why}".strip() for name, one in found.items()}


@pytest.fixture
def watched(again: "TinyHome") -> Iterator[Watched]:
    os.environ["ZS_HOME"] = str(again.root)
    with dg.DagsterInstance.ephemeral() as instance:
        one = Watched(again, instance)
        one.look()
        one.run(LOCALIZATION)
        assert one.settled() == []
        yield one


def requested_of(ticks: list[dict[str, set[str | None]]]) -> set[str]:
    """Return the assets that were requested, all for `tiny`."""
    partitions = {name: p for tick in ticks for name, p in tick.items()}
    assert partitions.pop("localization_results") == {None}
    assert all(p == TINY for p in partitions.values()), ticks
    return set(partitions)


def test_an_unchanged_home_is_fresh_and_requests_nothing(watched: Watched) -> None:
    assert set(watched.states().values()) == {FRESH}
    assert watched.settled() == []


def test_a_new_question_requests_its_dependants_one_after_the_other(watched: Watched) -> None:
    watched.files.ask("purple ball rises", start_question="Is the purple ball low?")
    watched.look()
    states = watched.states()
    assert states["class_queries"] == "stale questions changed"
    assert states["frame_confidence"] == "stale waits for candidate_classes, class_queries"
    assert states["videos"] == states["annotations"] == states["frame_features"] == FRESH
    ticks = watched.settled()
    assert ticks[0].keys() == {"class_queries"}
    # The features of videos and descriptions come out as they were: nothing follows from them.
    untouched = {"videos", "annotations", "frame_features", "candidate_classes"}
    assert requested_of(ticks) == set(LOCALIZATION) - untouched - {"localization_results"}
    assert set(watched.states().values()) == {FRESH}


def test_a_parameter_requests_what_reads_it(watched: Watched) -> None:
    changed = {"zeal": {"parameters": {"confidence_weight": 0.9}}}
    options = {"fps": 1, "top_k": 2, "score_known_classes": True, "methods": changed}
    watched.files.describe(localization=options)
    watched.look()
    assert watched.states()["segments"] == "stale its settings or its model changed"
    ticks = watched.settled()
    # What reads the methods of the dataset, and what is made of segments.
    assert ticks[0].keys() == {"segments", *BY_METHOD}
    assert requested_of(ticks) == {"segments", *BY_METHOD, "localization_metrics", "report"}
    assert set(watched.states().values()) == {FRESH}


def test_one_more_video_requests_what_looks_at_videos(watched: Watched) -> None:
    shutil.copy(watched.files.videos / "first.mp4", watched.files.videos / "fourth.mp4")
    watched.look()
    assert watched.states()["videos"] == "stale video files changed"
    ticks = watched.settled()
    assert ticks[0].keys() == {"videos"}
    texts = {"class_queries", "class_embeddings", "localization_results"}
    assert requested_of(ticks) == set(LOCALIZATION) - texts
    assert set(watched.states().values()) == {FRESH}
