"""Top-1 of every sampler x aggregator x templates, from frames that are encoded already.

Reads the feature bank that `zs-dagster run DATASET` has filled. Only sentences are encoded; a
frame that is not in the bank ends the benchmark, and `classification: {fill: dense}` in the
dataset puts all of them there.

    zs-dagster run demo-clips && python benchmarks/accuracy/clip_choices.py demo-clips
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.class_predictions import SetScores, asked_sets, frames_of_videos
from assets.class_texts import descriptions_of, text_features
from assets.clip_predictions import Texts, classify_set
from zs_dagster.checked_catalogue import checked_catalogue
from zs_dagster.classification.aggregation import AGGREGATORS
from zs_dagster.classification.templates import PRESETS
from zs_dagster.datasets.catalogue import find_dataset
from zs_dagster.datasets.classification import ClipClassifier
from zs_dagster.datasets.evaluation_sets import EvaluationSet
from zs_dagster.errors import ZsDagsterError
from zs_dagster.evaluation.accuracy_intervals import accuracy_interval
from zs_dagster.home import Home
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.loading import Models

Row = dict[str, Any]


class Counting:
    """An encoder that counts the images and sentences it is given."""

    def __init__(self, encoder: OpenClipEncoder) -> None:
        self._encoder = encoder
        self.images = self.sentences = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the encoder has
        return getattr(self._encoder, name)

    def encode_frames(self, frames: NDArray[np.uint8], *rest: Any) -> Any:  # noqa: ANN401
        """Encode images; nothing here should."""
        self.images += len(frames)
        return self._encoder.encode_frames(frames, *rest)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[Any]:
        """Encode sentences."""
        self.sentences += len(texts)
        return self._encoder.encode_texts(texts)


def main() -> None:
    """Print a row per combination, best first; write them as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("--samplers", nargs="+", default=["uniform_center"])
    parser.add_argument("--aggregators", nargs="+", default=list(AGGREGATORS))
    parser.add_argument("--templates", nargs="+", default=list(PRESETS))
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    try:
        rows, encoder = measure(asked)
    except ZsDagsterError as error:
        sys.exit(f"error: {error}")
    for row in sorted(rows, key=lambda row: -row["top1"]):
        ends = f"{row['low']:6.1%} - {row['high']:6.1%}"
        names = f"{row['sampler']:16} {row['aggregator']:12} {row['templates']:12}"
        print(f"{names} {row['top1']:6.1%}  {ends}")
    print(f"{encoder.images} images and {encoder.sentences} sentences were encoded")
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n")
    if encoder.images:
        sys.exit("error: no image should have been encoded")


def measure(asked: argparse.Namespace) -> tuple[list[Row], Counting]:
    """Classify the first evaluation set in every way."""
    home, models = Home.from_environment(), Models()
    dataset = find_dataset(checked_catalogue(home.datasets), asked.dataset)
    encoder = Counting(models.clip(dataset.profile))
    frames = frames_of_videos(home, dataset, models.clip_fingerprint(dataset.profile))
    one, truth = asked_sets(home, dataset)[0], _truth(home, dataset.name)
    texts = Texts(dataset, {}, descriptions_of(home, dataset.name), encoder)  # type: ignore[arg-type]
    known = dict(text_features(home, dataset.name))
    rows = []
    for templates in asked.templates:
        base = ClipClassifier(templates=templates, frames=asked.frames)
        sentences = texts.prompts(base, one).sentences
        missing = list(dict.fromkeys(s for s in sentences if s not in known))
        known |= zip(missing, encoder.encode_texts(missing), strict=True) if missing else ()
        for sampler, aggregator in product(asked.samplers, asked.aggregators):
            chosen = {"sampler": sampler, "aggregator": aggregator}
            classifier = base.model_copy(update=chosen)
            found = classify_set("", classifier, replace(texts, features=known), frames, one)
            rows.append({**chosen, "templates": templates, **_top1(found, one, truth)})
    return rows, encoder


def _truth(home: Home, dataset: str) -> dict[str, set[str]]:
    truth: dict[str, set[str]] = {}
    for row in home.tables.rows("annotations", dataset):
        truth.setdefault(row["video_id"], set()).add(row["label"])
    return truth


def _top1(found: SetScores, one: EvaluationSet, truth: dict[str, set[str]]) -> Row:
    def right() -> Iterator[bool]:
        for video, best in zip(one.videos, found.logits.argmax(axis=1), strict=True):
            if video in truth:
                yield one.classes[best] in truth[video]

    outcome = list(right())
    share = accuracy_interval(sum(outcome), len(outcome))
    return {"videos": len(outcome), "top1": share.value, "low": share.low, "high": share.high}


if __name__ == "__main__":
    main()
