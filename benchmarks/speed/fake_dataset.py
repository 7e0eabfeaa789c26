"""A dataset of any size whose videos are tiny and whose models answer at once.

The files are real and differ in their bytes, so decoders, store and graph do what they always
do; only the models are replaced, as they are not what is measured.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
NAME, SIZE, SECONDS, DIMENSION = "fake", 32, 12, 512
N_CLASSES = 20
METHODS: dict[str, dict[str, str]] = {"zeal": {}, "clip-only": {"localizer": "clip-only"}}
Frames = NDArray[np.uint8]

if TYPE_CHECKING:
    from dagster import JobDefinition


def use(home: Path) -> None:
    """Make a home that of this process; before `assets` is imported, which reads datasets."""
    os.environ |= {
        "OMP_NUM_THREADS": "1",
        "ZS_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
    }
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    sys.path[:0] = [] if str(ROOT) in sys.path else [str(ROOT)]
    from zs_dagster.cli.graph import prepare_environment

    prepare_environment()


def write_dataset(home: Path, videos: int) -> None:
    """Write files, ground truth and description of a dataset of so many videos."""
    folder, classes = home / "fake-videos", [f"action {n:02}" for n in range(N_CLASSES)]
    folder.mkdir(parents=True)
    whole = _video(folder / "first.mp4")
    (folder / "first.mp4").unlink()
    for number in range(videos):
        # A box that players skip: files of one film with different bytes.
        note = number.to_bytes(8, "big")
        (folder / f"video-{number:06}.mp4").write_bytes(
            whole + (8 + len(note)).to_bytes(4, "big") + b"free" + note
        )
    truth = {f"video-{n:06}": _annotated(n, classes) for n in range(videos)}
    (home / "truth.json").write_text(json.dumps({"database": truth}))
    described = {"name": NAME, "title": NAME, "classes": classes, "profile": "demo"}
    described |= {"videos": {"folder": str(folder)}, "annotations": str(home / "truth.json")}
    described |= {"localization": {"fps": 1, "top_k": 3, "methods": METHODS}}
    (home / "datasets").mkdir(exist_ok=True)
    (home / "datasets" / f"{NAME}.yaml").write_text(yaml.safe_dump(described))


def _annotated(number: int, classes: Sequence[str]) -> dict[str, Any]:
    start = number % (SECONDS - 4)
    said = {"label": classes[number % len(classes)], "segment": [start, start + 4.0]}
    return {"annotations": [said]}


def _video(path: Path) -> bytes:
    import av

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=1)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(SECONDS):
            image = np.full((SIZE, SIZE, 3), 20 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path.read_bytes()


@dataclass
class InstantModel:
    """CLIP and LVLM whose answers are drawn at random, the same in every process."""

    def __post_init__(self) -> None:
        self._draw = np.random.default_rng(0)

    def encode_frames(self, frames: Frames) -> NDArray[np.float32]:
        """See `FrameEncoder`."""
        return self._draw.standard_normal((len(frames), DIMENSION), np.float32)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `TextEncoder`."""
        return self._draw.standard_normal((len(texts), DIMENSION), np.float32)

    def score_stream(
        self, chunks: Iterable[Frames], questions: Sequence[str]
    ) -> Iterator[NDArray[np.float32]]:
        """See `YesNoScorer`."""
        for chunk in chunks:
            yield self._draw.random((len(chunk), len(questions)), np.float32)


def instant_job(name: str = "localize") -> "JobDefinition":
    """Return a job of the real graph whose models answer at once."""
    import dagster as dg

    from resources.models import ModelsResource
    from zs_dagster.definitions import defs
    from zs_dagster.models.loading import Models

    model = InstantModel()

    class InstantModels(Models):
        """The real fingerprints; nothing is loaded."""

        def clip(self, profile: str) -> Any:  # noqa: ANN401, ARG002 - stands for one
            return model

        def scorer(self, profile: str) -> Any:  # noqa: ANN401, ARG002 - stands for one
            return model

        def answers(self, profile: str) -> dict[str, Any]:  # noqa: ARG002
            return {}

    class InstantModelsResource(ModelsResource):
        """Models without weights."""

        def get(self) -> Models:
            return InstantModels()

    resources = {**(defs.resources or {}), "models": InstantModelsResource()}
    own = dg.Definitions(assets=defs.assets, jobs=defs.jobs, resources=resources)
    return own.resolve_job_def(name)
