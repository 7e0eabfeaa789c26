"""Every test runs offline, quietly and in a home of its own."""

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest_plugins = ["tests.servers.fixtures", "tests.llm_server"]

# Partitions are read when `assets` is imported, so the home must lie there before any test.
SESSION_HOME = Path(tempfile.mkdtemp(prefix="zs-dagster-tests-"))
# No fixture: a process that only hands tests to others runs none.
atexit.register(shutil.rmtree, SESSION_HOME, ignore_errors=True)
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["ZS_HOME"] = str(SESSION_HOME)
os.environ.pop("DAGSTER_HOME", None)


FPS, SIZE = 4, 64
CLASSES = ("purple ball rises", "purple ball falls", "orange square slides right")
# Start and end of each action, seconds, per video; every video lasts a second longer.
TRUTH: dict[str, list[tuple[str, float, float]]] = {
    "first": [("purple ball rises", 1.0, 2.0)],
    "nested/second": [
        ("purple ball falls", 1.0, 3.0),
        ("orange square slides right", 0.0, 1.0),
    ],
    "third": [("purple ball rises", 0.0, 1.0)],
}
BANK = {
    "purple ball rises": {
        "prompt_name": "a purple ball rising",
        "start_question": "Is the purple ball at the bottom?",
        "end_question": "Is the purple ball at the top?",
        "description": "a purple ball rises from the bottom to the top",
    },
    "purple ball falls": {
        "prompt_name": "a purple ball falling",
        "start_question": "Is the purple ball at the top?",
        "end_question": "Is the purple ball at the bottom?",
        "description": "a purple ball falls from the top to the bottom",
    },
    "orange square slides right": {
        "start_question": "Is the orange square on the left?",
        "end_question": "Is the orange square on the right?",
        "description": "an orange square slides right from left to right",
    },
}
DATASET: dict[str, Any] = {
    "name": "tiny",
    "title": "Three tiny videos",
    "videos": {"folder": "../tiny-videos"},
    "classes": list(CLASSES),
    "annotations": "../tiny-videos/truth.json",
    "queries": "../tiny-bank.yaml",
    "profile": "demo",
    "localization": {
        "fps": 1,
        "top_k": 2,
        "score_known_classes": True,
        "methods": {
            "zeal": {},
            "zeal-known-classes": {"candidates": "known"},
            "clip-only": {"localizer": "clip-only"},
            "random": {"localizer": "random", "candidates": "any"},
        },
    },
}
CAPTIONED: dict[str, Any] = {
    "name": "tiny-captions",
    "task": "captions",
    "videos": {"folder": "../tiny-captioned"},
    "captions": "../tiny-captioned/captions.csv",
    "classes": ["red ball rises"],
    "profile": "demo",
    "training": {
        "fps": 2,
        "parameters": {
            "d_model": 8,
            "heads": 1,
            "feed_forward": 8,
            "frames": 4,
            "joint": 4,
            "epochs": 3,
            "n_negatives": 2,
            "batch": 4,
            "d_min": 0.0,
            "d_max": 2.0,
        },
    },
}


@dataclass(frozen=True)
class TinyHome:
    """A `$ZS_HOME` with the dataset `tiny`: three videos, one broken file, a query bank."""

    root: Path

    @property
    def dataset_file(self) -> Path:
        return self.root / "datasets" / "tiny.yaml"

    @property
    def bank_file(self) -> Path:
        return self.root / "tiny-bank.yaml"

    @property
    def videos(self) -> Path:
        return self.root / "tiny-videos"

    @property
    def truth_file(self) -> Path:
        return self.videos / "truth.json"

    def describe(self, **changes: object) -> None:
        """Write the dataset file, with other values for some of its keys; None removes one."""
        values = {k: v for k, v in {**DATASET, **changes}.items() if v is not None}
        self.dataset_file.parent.mkdir(parents=True, exist_ok=True)
        self.dataset_file.write_text(yaml.safe_dump(values, sort_keys=False))

    def ask(self, label: str, **texts: str) -> None:
        """Edit the questions of one class in the query bank."""
        bank = yaml.safe_load(self.bank_file.read_text())
        bank[label] |= texts
        self.bank_file.write_text(yaml.safe_dump(bank))

    def annotate(self, truth: dict[str, list[tuple[str, float, float]]]) -> None:
        """Write the ground truth."""
        database = {
            video: {"annotations": [{"label": c, "segment": [s, e]} for c, s, e in actions]}
            for video, actions in truth.items()
        }
        self.truth_file.write_text(json.dumps({"database": database}))

    def caption(self, **changes: object) -> None:
        """Write the dataset file of `tiny-captions`, to train on, with some other values."""
        values = {k: v for k, v in {**CAPTIONED, **changes}.items() if v is not None}
        path = self.dataset_file.with_name("tiny-captions.yaml")
        path.write_text(yaml.safe_dump(values))

    def copy(self, root: Path) -> "TinyHome":
        """Copy everything, results included; the videos keep their bytes."""
        shutil.copytree(self.root, root)
        return TinyHome(root)


def _draw(path: Path, seconds: float, tint: int) -> None:
    """A purple ball that rises and falls past an orange square, in short."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    n_frames = round(seconds * FPS)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(n_frames):
            image = np.full((SIZE, SIZE, 3), tint, np.uint8)
            place = number / n_frames
            image[(x - 20) ** 2 + (y - SIZE * (1 - place)) ** 2 < 100] = (128, 0, 160)
            image[(abs(x - SIZE * place) < 8) & (abs(y - 50) < 8)] = (255, 140, 0)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _make(root: Path) -> TinyHome:
    home = TinyHome(root)
    home.describe()
    home.bank_file.write_text(yaml.safe_dump(BANK))
    for number, (video, actions) in enumerate(TRUTH.items()):
        last = max(end for _, _, end in actions)
        _draw(home.videos / f"{video}.mp4", last + 1, 40 + 30 * number)
    (home.videos / "broken.mp4").write_bytes(b"this is no video" * 64)
    home.annotate(TRUTH)
    return home


# The description only: the session's home names the partition, tests bring their own files.
TinyHome(SESSION_HOME).describe()
TinyHome(SESSION_HOME).caption()


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> TinyHome:
    """A home with the dataset `tiny` and no results; tests copy it and never write to it."""
    return _make(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def tiny(pristine: TinyHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyHome:
    """A home of this test's own, without results, which `$ZS_HOME` names."""
    home = pristine.copy(tmp_path / "home")
    monkeypatch.setenv("ZS_HOME", str(home.root))
    monkeypatch.setenv("DAGSTER_HOME", str(home.root / "dagster"))
    return home


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """A Ray cluster of two CPUs, started as `compute: ray` starts one where there is none."""
    from resources.ray_workers import connected

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        ray = connected(cpus=2)
        yield
        ray.shutdown()
