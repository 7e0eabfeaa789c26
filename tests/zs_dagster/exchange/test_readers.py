"""Exports opened by the tools' own readers; each test is skipped where the tool is not here."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zs_dagster.exchange import edl, fiftyone, label_studio, otio
from zs_dagster.exchange.frames import FrameClock
from zs_dagster.exchange.records import Review, Segment

LABELS = ('say "hi", <b>', "two\nlines", "ひらがな")
MakeReview = Callable[..., Review]


def need(module: str) -> Any:  # noqa: ANN401 - a package without types
    return pytest.importorskip(module, reason=f"{module} is not here: group exchange-tests")


@pytest.fixture
def handed(review: MakeReview, clocks: dict[str, FrameClock]) -> Review:
    segments = [
        Segment("a.b/c", label, 1.0 + i, 3.0 + i, 0.5) for i, label in enumerate(LABELS)
    ]
    return review(clocks["30000/1001"], segments, LABELS)


def test_opentimelineio_reads_the_timeline(handed: Review) -> None:
    tool = need("opentimelineio")
    timeline = tool.adapters.read_from_string(otio.write(handed), "otio_json")
    clips = list(timeline.find_clips())
    assert [clip.name for clip in clips] == list(LABELS)
    span = clips[0].source_range
    assert (span.start_time.value, span.duration.value) == (30, 60)
    assert span.start_time.rate == 30000 / 1001
    assert clips[0].media_reference.target_url == "file:///videos/a.b/c.mp4"
    # What it writes itself is read back.
    again = json.loads(tool.adapters.write_to_string(timeline, "otio_json"))
    assert again["tracks"]["children"][0]["children"][1]["name"] == LABELS[1]


def test_the_cmx_3600_adapter_reads_the_list(
    review: MakeReview, clocks: dict[str, FrameClock]
) -> None:
    tool = need("opentimelineio")
    need("otio_cmx3600_adapter")
    made = review(
        clocks["25"], [Segment("a", LABELS[0], 1.0, 3.0), Segment("a", "b", 2.0, 4.04)], LABELS
    )
    (text,) = edl.write(made).values()
    timeline = tool.adapters.read_from_string(text, "cmx_3600", rate=25)
    spans = [clip.source_range for clip in timeline.find_clips()]
    assert [(s.start_time.value, s.duration.value) for s in spans] == [(25, 50), (50, 51)]


def test_label_studio_accepts_configuration_tasks_and_predictions(
    handed: Review, tmp_path: Path
) -> None:
    need("label_studio_sdk")
    from label_studio_sdk.converter import Converter  # type: ignore[import-not-found, unused-ignore]
    from label_studio_sdk.label_interface import (  # type: ignore[import-not-found, unused-ignore]
        LabelInterface,
    )

    files = label_studio.write(handed)
    interface = LabelInterface(files["config.xml"])
    interface.validate()
    assert list(interface.get_control("action").labels) == list(LABELS)
    tasks = json.loads(files["tasks.json"])
    for number, task in enumerate(tasks):
        task["id"] = number
        assert interface.validate_prediction(task["predictions"][0])
        # An exported project has the same regions as annotations.
        task["annotations"] = [{"id": 1, "result": task.pop("predictions")[0]["result"]}]
    exported = tmp_path / "exported"
    exported.mkdir()
    (exported / "tasks.json").write_text(json.dumps(tasks))
    converter = Converter(files["config.xml"], str(tmp_path), download_resources=False)
    converter.convert_to_json_min(str(exported), str(tmp_path / "min"))
    found = json.loads((tmp_path / "min" / "result.json").read_text())[0]["action"]
    assert [region["timelinelabels"] for region in found] == [[label] for label in LABELS]
    assert found[0]["ranges"] == [{"start": 30, "end": 89}]


def test_the_importer_of_fiftyone_reads_the_folder(
    handed: Review, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its importer needs no database; a server that is not there makes any use of one fail.
    monkeypatch.setenv("FIFTYONE_DATABASE_URI", "mongodb://127.0.0.1:1")
    monkeypatch.setenv("FIFTYONE_DO_NOT_TRACK", "1")
    importers = need("fiftyone.utils.data.importers")
    for name, text in fiftyone.write(handed).items():
        (tmp_path / name).write_text(text)
    importer = importers.FiftyOneTemporalDetectionDatasetImporter(
        dataset_dir=os.fspath(tmp_path), data_path="data.json"
    )
    importer.setup()
    found = {path: label for path, _, label, _ in importer}
    assert set(found) == {"/videos/a.b/c.mp4", "/videos/silent.mp4"}
    detections = found["/videos/a.b/c.mp4"].detections
    assert [d.label for d in detections] == list(LABELS)
    assert list(detections[0].support) == [31, 90]
    assert detections[0].confidence == 0.5
