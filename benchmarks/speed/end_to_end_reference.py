"""ZEAL as a script does it: all frames decoded, PIL, a call per frame and question, loops.

Usage: python benchmarks/speed/end_to_end_reference.py WORK.json; prints one line of JSON. It
starts from the same weights, questions and files as ours, and keeps nothing for a next time.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import class_filter
import numpy as np
import torch
from clip_features import by_pil, encode, transform_of
from end_to_end_limit import Forwards
from evaluate import pandas_loop
from PIL import Image
from proposals import loop

from zs_dagster.localization.class_scores import ClassScores
from zs_dagster.models.loading import Models
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.naive import naive_logits
from zs_dagster.models.profiles import load_profile
from zs_dagster.queries.class_query import ClassQuery
from zs_dagster.segments import LabelledSegments, Segments

BATCH = 32
Row = tuple[str, str, float, float, float]
SPENT: dict[str, float] = {}


@contextmanager
def spent_on(what: str) -> Iterator[None]:
    """Add the CPU seconds of a block to those of a step."""
    before = time.process_time()
    yield
    SPENT[what] = SPENT.get(what, 0.0) + time.process_time() - before


class Script:
    """The models and the classes of one run."""

    def __init__(self, queries: Sequence[ClassQuery], profile: str, top: int) -> None:
        self.queries, self.top = queries, top
        self.clip = Models("cpu").clip(profile)
        self.transform = transform_of(self.clip)
        said: Any = load_profile(profile).lvlm
        self.lvlm = load_scorer(said.model, dtype=said.dtype, device="cpu", mode="naive")
        self.texts = self.clip.encode_texts([query.description for query in queries])

    def segments(self, path: Path) -> Iterator[Row]:
        """Find the segments of one video."""
        with spent_on("decoding"):
            pictures = one_a_second(path)
        with spent_on("CLIP"):
            features = np.concatenate([self._features(part) for part in batches(pictures)])
        similarity = class_filter.loop(features, self.texts)
        for place in np.argsort(-similarity, kind="stable")[: self.top]:
            with spent_on("LVLM"):
                confidence = self._confidence(pictures, self.queries[place])
            with spent_on("proposals"):
                scores = self._scores(path, int(place), features, confidence)
                found = loop(scores) if np.ptp(confidence, axis=0).all() else []
            yield from ((path.stem, scores.label, *segment) for segment in found)

    def _features(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        prepared = by_pil(self.transform, np.stack([np.asarray(one) for one in pictures]))
        return encode(self.clip, prepared)

    @torch.inference_mode()
    def _confidence(self, pictures: Sequence[Image.Image], query: ClassQuery) -> np.ndarray:
        backend = self.lvlm._backend
        said = [
            naive_logits(backend, np.asarray(picture), prompt)
            for picture in pictures
            for prompt in query.prompts()
        ]
        p_yes = backend.answers.log_odds(torch.stack(said)).sigmoid()
        return p_yes.numpy().reshape(len(pictures), -1).astype(np.float64)

    def _scores(
        self, path: Path, place: int, features: np.ndarray, confidence: np.ndarray
    ) -> ClassScores:
        text, length = self.texts[place], np.linalg.norm
        actionness = [float(one @ text / length(one) / length(text)) for one in features]
        return ClassScores(
            video_id=path.stem,
            label=self.queries[place].label,
            is_candidate=True,
            is_known=False,
            time_s=np.arange(float(len(features))),
            confidence=confidence,
            actionness=np.array(actionness),
            end_s=float(len(features)),
            features=features,
            text=text,
        )


def one_a_second(path: Path) -> list[Image.Image]:
    """Turn every frame into a picture, as a loop over a reader does, and keep some."""
    with av.open(str(path)) as container:
        step = round(float(container.streams.video[0].average_rate))
        return [frame.to_image() for frame in container.decode(video=0)][::step]


def batches(pictures: Sequence[Image.Image]) -> Iterator[Sequence[Image.Image]]:
    """Cut into batches."""
    return (pictures[start : start + BATCH] for start in range(0, len(pictures), BATCH))


def labelled(rows: Sequence[Row]) -> LabelledSegments:
    """Put rows into columns."""
    names, labels, *numbers = zip(*rows, strict=True)
    return LabelledSegments(
        np.array(names), np.array(labels), Segments(*map(np.array, numbers))
    )


def truth_of(database: Mapping[str, Any]) -> list[Row]:
    """Read ground truth in the ActivityNet format."""
    return [
        (name, one["label"], *one["segment"], 1.0)
        for name, entry in database.items()
        for one in entry["annotations"]
    ]


def passes(script: Script, work: Mapping[str, Any]) -> float:
    """Return CPU seconds of the forward passes that ours takes."""
    asked = [prompt for query in script.queries[: script.top] for prompt in query.prompts()]
    videos = [one_a_second(Path(path)) for path in work["videos"]]
    frames = [np.stack([np.asarray(one) for one in video]) for video in videos]
    return Forwards(work["profile"]).of(frames, asked)


def main() -> None:
    """Do all of it, print the metric and what each step took, and measure the limit last."""
    torch.set_num_threads(1)
    work = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    truth = json.loads(Path(work["annotations"]).read_text(encoding="utf-8"))["database"]
    with spent_on("loading"):
        queries = [ClassQuery(**query) for query in work["queries"]]
        script = Script(queries, work["profile"], work["top"])
    found = [row for video in work["videos"] for row in script.segments(Path(video))]
    with spent_on("evaluation"):
        average = pandas_loop(labelled(truth_of(truth)), labelled(found))
    said = {"average_mAP": average, "segments": len(found), "steps_cpu_s": SPENT}
    said |= {"cpu_s": time.process_time()}  # Imports are part of it, the limit is not.
    print(json.dumps(said | {"forward_passes_cpu_s": passes(script, work)}))


if __name__ == "__main__":
    main()
