"""What it costs in mAP, and saves in frames, to ask the LVLM about fewer frames.

Reads the scores that `zs-dagster demo` has stored, hides those an economy would not have asked
for, fills them in the way the pipeline does, and localizes and evaluates again. No model runs.

    zs-dagster demo && python benchmarks/accuracy/frame_economy.py --dataset demo
"""

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from assets.class_scores import ClassScores, scored_videos
from assets.feature_rows import sampled_features
from assets.labelled import true_segments
from zs_dagster.evaluation.average_precision import evaluate
from zs_dagster.evaluation.bootstrap import compare_average_map
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.frame_confidence.economy import Economy
from zs_dagster.frame_confidence.task import KIND, Samples, ScoringTask
from zs_dagster.home import Home
from zs_dagster.localization.parameters import ZealParameters
from zs_dagster.localization.zeal import localize
from zs_dagster.segments import LabelledSegments
from zs_dagster.store import Store

ECONOMIES = (
    Economy(),
    *(Economy(stride=s, refine_share=r) for s in (2, 3, 4) for r in (0.1, 0.25, 0.5)),
    *(Economy(repeat_similarity=s) for s in (0.999, 0.995, 0.99, 0.98)),
    Economy(stride=2, refine_share=0.25, repeat_similarity=0.99),
)


def main() -> None:
    """Print a row per economy; write them as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    home, protocol = Home.from_environment(), get_protocol("thumos14")
    truth = true_segments(home, asked.dataset)
    videos = list(scored_videos(home, asked.dataset))
    exact, rows = _segments(videos), []
    for economy in ECONOMIES:
        saved, frames, answers = _saved(home, asked.dataset, videos, economy)
        found = _segments(saved)
        change = compare_average_map(truth, (exact, found), protocol).difference
        row = {
            **asdict(economy),
            "frames": frames,
            "answers": answers,
            "average_mAP": evaluate(truth, found, protocol).average_map,
            "difference": change.value,
            "low": change.low,
            "high": change.high,
        }
        rows.append(row)
        print(
            json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()})
        )
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1))


def _saved(
    home: Home, dataset: str, videos: Sequence[list[ClassScores]], economy: Economy
) -> tuple[list[list[ClassScores]], float, float]:
    """Return the scores under an economy, and the shares of frames and of answers asked."""
    features = {r["video_id"]: r for r in home.tables.rows("frame_features", dataset)}
    found, frames, answers = [], np.zeros(2), np.zeros(2)
    for video in videos:
        arrays = sampled_features(home.store, features[video[0].video_id])
        scores, look = _asked(video, Samples(**arrays), economy)
        found.append(scores)
        frames += (look.any(axis=1).sum(), len(look))
        answers += (look.sum(), look.size)
    return found, float(frames[0] / frames[1]), float(answers[0] / answers[1])


def _asked(
    video: list[ClassScores], samples: Samples, economy: Economy
) -> tuple[list[ClassScores], Any]:
    """Run the task of one video with a model that reads from what is stored."""
    known = np.concatenate([scores.confidence for scores in video], axis=1).astype(np.float32)
    prompts = [str(column) for column in range(known.shape[1])]
    asked = np.zeros(known.shape, dtype=np.bool_)

    def stream(chunks: Iterable[Any], texts: Sequence[str]) -> Iterator[Any]:
        for chunk in chunks:
            rows, columns = chunk.ravel(), [int(text) for text in texts]
            asked[np.ix_(rows, columns)] = True
            yield known[np.ix_(rows, columns)]

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        task = ScoringTask(store, "video", {p: p for p in prompts}, samples, economy)
        while (look := task.next_look()).any():
            rows = np.flatnonzero(look.any(axis=1))
            task.ask(look, [(rows[:, None, None, None], samples.time_s[rows])], stream)
        task.finish()
        settled = np.stack([store.load_arrays(KIND, p)["p_yes"] for p in prompts], axis=1)
    pairs = np.split(settled.astype(np.float64), len(video), axis=1)
    return [replace(s, confidence=p) for s, p in zip(video, pairs, strict=True)], asked


def _segments(videos: Sequence[list[ClassScores]]) -> LabelledSegments:
    """Localize with the default parameters, the classes that passed the filter."""
    rows = []
    for scores in (s for video in videos for s in video if s.is_candidate):
        found = localize(
            scores.confidence, scores.actionness, scores.time_s, scores.end_s, ZealParameters()
        ).segments
        columns = (found.start_s.tolist(), found.end_s.tolist(), found.score.tolist())
        rows += [(scores.video_id, scores.label, *row) for row in zip(*columns, strict=True)]
    return LabelledSegments.from_rows(rows)


if __name__ == "__main__":
    main()
