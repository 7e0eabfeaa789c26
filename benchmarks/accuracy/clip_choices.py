"""Top-1 of every way to choose frames, to write sentences and to pool, without encoding images.

    python benchmarks/accuracy/clip_choices.py [--dataset demo-clips] [--frames 8] [--json FILE]

For a shipped dataset it writes `$ZS_HOME/datasets/<dataset>-dense.yaml`, unless that is there:
the same with `classification: {fill: dense, classifiers: {clip: {sampler: scene}}}`, so that
every frame is encoded and cuts and motion are found. It materialises that by `zs-dagster run`,
which reuses what it did before, and then reads features from the bank alone. A dataset of your
own must have these options itself.
"""

import argparse
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from typing_extensions import override

from assets.class_embeddings import KIND, missing_texts, sentence_rows
from assets.class_predictions import asked_sets, frames_of_videos
from assets.class_texts import descriptions_of
from assets.clip_frames import FramesOf
from assets.clip_predictions import Texts, classify_set
from assets.frame_evidence import has_evidence
from zs_dagster.classification.aggregation import AGGREGATORS
from zs_dagster.datasets.catalogue import (
    SHIPPED,
    find_dataset,
    load_catalogue,
    shipped_root,
)
from zs_dagster.datasets.classification import Classification, Classifier, ClipClassifier
from zs_dagster.datasets.description import Dataset
from zs_dagster.errors import StoreError, ZsDagsterError
from zs_dagster.evaluation.accuracy_intervals import accuracy_interval
from zs_dagster.frame_features.bank import FeatureBank
from zs_dagster.home import Home
from zs_dagster.models.crops import EVAL
from zs_dagster.models.loading import Models

SAMPLERS = (
    *("uniform_center", "uniform_linspace", "jitter", "scene", "motion", "motion_peaks"),
    *("arc_length", "k_centre", "query_aware", "mixed:arc_length"),
)
TEMPLATES = ("single", "action", "bare", "bike", "kinetics28")
DESCRIPTIONS = "descriptions"
DENSE = {"fill": "dense", "classifiers": {"clip": {"sampler": "scene"}}}
REMEDY = f"put `classification: {json.dumps(DENSE)}` into its file, then: zs-dagster run"


class TextsOnly:
    """A CLIP that encodes texts, words of a sentence once, and refuses images."""

    def __init__(self, encoder: Any) -> None:  # noqa: ANN401 - any encoder
        self.images = self.texts = 0
        self.scale = encoder.scale
        self._encoder = encoder
        self._words: dict[tuple[str, ...], Any] = {}

    def encode_texts(self, texts: Sequence[str]) -> Any:  # noqa: ANN401
        """Encode sentences."""
        self.texts += len(texts)
        return self._encoder.encode_texts(texts)

    def encode_words(self, texts: Sequence[str]) -> Any:  # noqa: ANN401
        """Encode the words of sentences, or remember them."""
        key = tuple(texts)
        if key not in self._words:
            self.texts += len(texts)
            self._words[key] = self._encoder.encode_words(texts)
        return self._words[key]

    def encode_crops(self, frames: Any, crops: Sequence[str]) -> Any:  # noqa: ANN401
        """Refuse: whatever is tried, features are in the bank."""
        self.images += len(frames) * len(crops)
        raise AssertionError(f"{len(frames)} images were to be encoded, crops {crops}")


@dataclass(frozen=True)
class Remembered(FramesOf):
    """Frames whose bank is read once; a run of few classifiers has no use for that."""

    @cached_property
    @override
    def bank(self) -> FeatureBank:
        """The feature bank of the video."""
        return super().bank


def main() -> None:
    """Print a row per combination, best first; write them as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo-clips")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    home = Home.from_environment()
    try:
        dataset = dense_dataset(home, asked.dataset)
        encoder = TextsOnly(Models().clip(dataset.profile))
        rows = sorted(table(home, dataset, encoder, asked.frames), key=lambda r: -r["top1"])
    except ZsDagsterError as error:
        sys.exit(f"error: {error}")
    for row in rows:
        columns = f"{row['sampler']:17} {row['aggregator']:11} {row['texts']:13}"
        print(f"{row['set']:8} {columns} {row['top1']:6.1%} of {row['videos']}")
    print(f"{len(rows)} rows; encoded: {encoder.images} images, {encoder.texts} texts")
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1))


def dense_dataset(home: Home, name: str) -> Dataset:
    """Return a dataset with all its frames in the bank; a shipped one is run first."""
    shipped = SHIPPED / f"{name}.yaml"
    if shipped.is_file():
        root, name = shipped_root(name), f"{name}-dense"
        file = home.datasets / f"{name}.yaml"
        if not file.exists():
            values = yaml.safe_load(shipped.read_text(encoding="utf-8"))
            values |= {"name": name, "root": str(root), "classification": DENSE}
            if "splits" in values:
                values["splits"] = str((SHIPPED / values["splits"]).resolve())
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        command = Path(sys.executable).parent / "zs-dagster"
        run = subprocess.run([command, "run", name], check=False, stdout=subprocess.DEVNULL)
        if run.returncode:
            # It has said why.
            sys.exit(run.returncode)
    return find_dataset(load_catalogue(home.datasets), name)


def table(
    home: Home, dataset: Dataset, encoder: TextsOnly, frames: int
) -> Iterator[dict[str, Any]]:
    """Yield sampler, aggregator, texts, set, top-1 and videos of every combination."""
    known = remembered_frames(home, dataset)
    texts = class_texts(home, dataset, encoder)
    truth: dict[str, set[str]] = {}
    for row in home.tables.rows("annotations", dataset.name):
        truth.setdefault(row["video_id"], set()).add(row["label"])
    choices = itertools.product(SAMPLERS, AGGREGATORS, text_choices().items())
    for (sampler, aggregator, (name, said)), asked in itertools.product(
        choices, asked_sets(home, dataset)
    ):
        chosen = ClipClassifier(sampler=sampler, aggregator=aggregator, frames=frames, **said)
        scores = classify_set("clip", chosen, texts, known, asked)
        first = [asked.classes[place] for place in scores.logits.argmax(axis=1)]
        right = sum(c in truth[v] for v, c in zip(asked.videos, first, strict=True))
        top1 = accuracy_interval(right, len(first))
        how = {"sampler": sampler, "aggregator": aggregator, "texts": name, "set": asked.name}
        yield {**how, "videos": len(first)} | {
            "top1": top1.value,
            "low": top1.low,
            "high": top1.high,
        }


def text_choices() -> dict[str, Mapping[str, Any]]:
    """Return the settings of a classifier that say what its sentences are, by name."""
    named = {name: {"templates": name} for name in TEMPLATES}
    return {**named, DESCRIPTIONS: {"texts": DESCRIPTIONS}}


def remembered_frames(home: Home, dataset: Dataset) -> dict[str, FramesOf]:
    """Return the frames of all videos.

    Raises:
        StoreError: If the bank lacks features, cuts or motion of one.
    """
    remedy = f"{REMEDY} {dataset.name}"
    if not home.tables.has("frame_features", dataset.name):
        raise StoreError(f"dataset '{dataset.name}' was not run; {remedy}")
    fingerprint = Models().clip_fingerprint(dataset.profile)
    found = frames_of_videos(home, dataset, fingerprint)
    for video, one in found.items():
        if one.bank.missing({EVAL: one.times}) or not has_evidence(one.store, one.video):
            raise StoreError(f"the bank lacks frames, cuts or motion of '{video}'; {remedy}")
    return {v: Remembered(f.store, f.video, f.fingerprint, f.times) for v, f in found.items()}


def class_texts(home: Home, dataset: Dataset, encoder: TextsOnly) -> Texts:
    """Return all sentences with their features; what the store lacks is encoded into it."""
    classifiers: dict[str, Classifier] = {
        name: ClipClassifier(**said) for name, said in text_choices().items()
    }
    tried = dataset.model_copy(
        update={"classification": Classification(classifiers=classifiers)}
    )
    rows = sentence_rows(home, tried, Models().clip_fingerprint(dataset.profile))
    missing = missing_texts(rows, home.store)
    if missing:
        features = encoder.encode_texts(list(missing.values()))
        for key, feature in zip(missing, features, strict=True):
            home.store.save_arrays(KIND, key, {"feature": feature})
    known = {r["text"]: home.store.load_arrays(KIND, r["key"])["feature"] for r in rows}
    described = descriptions_of(home, dataset.name)
    return Texts(tried, known, described, encoder)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
