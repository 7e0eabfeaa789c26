"""`zs-dagster train-clip`, on drawn clips and the shipped demo CLIP."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import yaml

from zs_dagster.cli.labelled_clips import Clip, VideoClips
from zs_dagster.demo.stories import Story, act
from zs_dagster.demo.videos import Script, encode
from zs_dagster.demo.world import MOTIONS, SEEN, ActionClass
from zs_dagster.models.clip_training.recipe import PRESETS
from zs_dagster.models.loading import Models
from zs_dagster.video.decoders import Decoders

if TYPE_CHECKING:
    from tests.zs_dagster.cli.conftest import Ended

    Cli = Callable[..., Ended]

ACTIONS = [ActionClass(c, MOTIONS["rises"]) for c in SEEN[:3]]
LABELS = [action.label for action in ACTIONS]
PER_CLASS, SECONDS = 2, 2.0
PROFILE: dict[str, Any] = {"lvlm": {"model": "package:demo/weights/lvlm", "dtype": "float32"}}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads only wait for each other on models this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of each class, one folder per class."""
    folder = tmp_path_factory.mktemp("drawn")
    for number in range(PER_CLASS * len(ACTIONS)):
        action = ACTIONS[number % len(ACTIONS)]
        rng = np.random.default_rng(number)
        track = act(rng, action.combination, (0.0, 1.0), (0.0, SECONDS))
        script = Script(f"clip-{number}", number, Story(SECONDS, (track,), ()))
        encode(folder / action.label / f"clip-{number}.mp4", script)
    return folder


@pytest.fixture
def home(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the dataset `lamps` of those clips."""
    root = tmp_path / "home"
    monkeypatch.setenv("ZS_HOME", str(root))
    monkeypatch.setenv("DAGSTER_HOME", str(root / "dagster"))
    describe(root, drawn)
    return root


def describe(root: Path, videos: Path, **changes: object) -> None:
    splits = root / "datasets" / "splits.yaml"
    values = {
        "name": "lamps",
        "task": "classification",
        "videos": {"folder": str(videos)},
        "classes": {action.label: action.prompt_name for action in ACTIONS},
        "annotations": {"format": "folders"},
        "splits": str(splits),
        **changes,
    }
    splits.parent.mkdir(parents=True, exist_ok=True)
    splits.write_text(yaml.safe_dump({"base-to-novel": {"unseen": LABELS[:1]}}))
    (splits.parent / "lamps.yaml").write_text(yaml.safe_dump(values, sort_keys=False))


def test_training_gives_a_folder_that_a_profile_loads(
    cli: "Cli", home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "clip"
    arguments = ("--base-profile", "demo", "--epochs", 2, "--accumulation", 2)
    ended = cli("train-clip", "lamps", *arguments, "--out", out)
    assert ended.status == 0, ended.err
    lines = ended.out.splitlines()
    assert lines[0] == "6 clips of 3 classes"
    assert lines[1].startswith("epoch   1  loss ")
    assert lines[-1] == f"profile  clip: {{model: 'local-dir:{out}'}}"
    record = json.loads((out / "training.json").read_text())
    assert record["classes"] == [[a.label, a.prompt_name] for a in ACTIONS]
    assert (record["recipe"]["epochs"], record["recipe"]["warm_up_epochs"]) == (2, 1)
    assert (record["seed"], record["dataset"], record["left_out"]) == (0, "lamps", {})
    (home / "profiles").mkdir()
    profile = yaml.safe_dump({**PROFILE, "clip": {"model": f"local-dir:{out}"}})
    (home / "profiles" / "mine.yaml").write_text(profile)
    models = Models("cpu")
    texts = [model.encode_texts(["a red ball"]) for model in map(models.clip, ("mine", "demo"))]
    assert texts[0].shape == texts[1].shape
    assert not np.array_equal(texts[0], texts[1])
    assert models.clip_fingerprint("mine") != models.clip_fingerprint("demo")


@pytest.mark.usefixtures("home")
def test_a_few_shots_of_the_seen_classes_of_a_split(
    cli: "Cli", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--base-profile", "demo", "--recipe", "few-shot", "--split", "base-to-novel")
    ended = cli("train-clip", "lamps", *options, "--out", tmp_path / "clip")
    rule = f"error: class '{min(LABELS[1:])}' must have at least 16 clips, got 2\n"
    assert (ended.status, ended.err) == (2, rule)
    less = replace(PRESETS["few-shot"], shots=1, epochs=1, warm_up_epochs=0)
    monkeypatch.setitem(PRESETS, "few-shot", less)
    ended = cli("train-clip", "lamps", *options, "--seed", 3, "--out", tmp_path / "clip")
    assert ended.status == 0, ended.err
    assert ended.out.startswith("2 clips of 2 classes\n")
    record = json.loads((tmp_path / "clip" / "training.json").read_text())
    assert [label for label, _ in record["classes"]] == LABELS[1:]


def test_broken_and_missing_videos_are_refused_or_left_out_by_name(
    cli: "Cli", home: Path, drawn: Path, tmp_path: Path
) -> None:
    videos = tmp_path / "videos"
    for path in sorted(drawn.rglob("*.mp4")):
        place = videos / path.relative_to(drawn)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(path)
    (videos / LABELS[0] / "broken.mp4").write_bytes(b"this is no video" * 64)
    rows = [
        f"{p.relative_to(videos).with_suffix('')},,,{p.parent.name}"
        for p in videos.rglob("*.mp4")
    ]
    truth = tmp_path / "truth.csv"
    describe(home, videos, annotations=str(truth))
    options = ("--base-profile", "demo", "--epochs", 1, "--out", tmp_path / "clip")
    truth.write_text("\n".join(["video,start_s,end_s,label", *rows, f"gone,,,{LABELS[1]}"]))
    ended = cli("train-clip", "lamps", *options)
    assert ended.status == 2
    assert ended.err == (
        "error: 1 of 8 labelled videos cannot be read, the first is 'gone': no such file; get "
        "them, or leave them out with --skip-unreadable\n"
    )
    ended = cli("train-clip", "lamps", *options, "--skip-unreadable", "--accumulation", 1)
    assert ended.status == 0, ended.err
    assert ended.out.startswith("6 clips of 3 classes\n")
    left_out = json.loads((tmp_path / "clip" / "training.json").read_text())["left_out"]
    assert left_out.keys() == {"gone", f"{LABELS[0]}/broken"}
    truth.write_text("\n".join(["video,start_s,end_s,label", *rows]))
    ended = cli("train-clip", "lamps", *options[:-1], tmp_path / "other")
    assert ended.status == 2
    assert (
        f"1 of 7 labelled videos cannot be read, the first is '{LABELS[0]}/broken'" in ended.err
    )
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("changes", "arguments", "rule"),
    [
        ({}, ("--recipe", "zarr"), "recipe must be one of zar, vifi, few-shot, got 'zarr'"),
        ({}, ("--epochs", 0), "epochs must be >= 1, got 0"),
        ({}, ("--accumulation", 0), "accumulation must be >= 1, got 0"),
        ({}, ("--seed", -1), "seed must be >= 0, got -1"),
        ({}, ("--base-profile", "none"), "profile must be one of demo, light"),
        (
            {},
            ("--split", "x"),
            "--split must be one of dataset 'lamps', which has base-to-novel",
        ),
        ({}, ("--classes", "no.txt"), "--classes must be a text file, got 'no.txt'"),
        ({}, ("--classes", "a", "--split", "b"), "--classes and --split both choose classes"),
        ({}, ("--resume",), "there is no unfinished training in "),
        ({}, ("--subset", "train1"), "nothing is in subset 'train1'"),
        (
            {"task": "localization"},
            (),
            "training needs clips with one label each, dataset 'lamps' is for localization",
        ),
        (
            {"annotations": None},
            (),
            "training needs files and ground truth, dataset 'lamps' has no ground truth",
        ),
        (
            {"classes": [*LABELS, "yellow cube rises"]},
            (),
            "each class must have clips, 'yellow cube rises' has none (1 of 4 have none)",
        ),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    cli: "Cli",
    home: Path,
    drawn: Path,
    tmp_path: Path,
    changes: dict[str, object],
    arguments: tuple[object, ...],
    rule: str,
) -> None:
    if "--subset" in arguments:
        truth = tmp_path / "truth.csv"
        truth.write_text(f"video,start_s,end_s,label\na,,,{LABELS[0]}\n")
        changes = {"annotations": str(truth)}
    describe(home, drawn, **changes)
    base = () if "--base-profile" in arguments else ("--base-profile", "demo")
    ended = cli("train-clip", "lamps", *base, *arguments, "--out", tmp_path / "clip")
    assert ended.status == 2, ended
    said = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert len(said) == 1
    assert rule in said[0]
    assert not list(tmp_path.glob("clip*"))


@pytest.mark.usefixtures("home")
def test_classes_of_a_file_alone_are_trained_on(cli: "Cli", tmp_path: Path) -> None:
    listed = tmp_path / "classes.txt"
    options = (
        "--base-profile",
        "demo",
        "--epochs",
        1,
        "--accumulation",
        1,
        "--classes",
        listed,
    )
    listed.write_text(f"{LABELS[2]}\n\nno such class\n")
    ended = cli("train-clip", "lamps", *options, "--out", tmp_path / "clip")
    assert ended.status == 2
    assert (
        "'no such class' is no class of dataset 'lamps'; see zs-dagster datasets" in ended.err
    )
    listed.write_text(f"{LABELS[2]}\n{LABELS[0]}\n")
    ended = cli("train-clip", "lamps", *options, "--out", tmp_path / "clip")
    assert ended.status == 0, ended.err
    record = json.loads((tmp_path / "clip" / "training.json").read_text())
    assert [label for label, _ in record["classes"]] == [LABELS[0], LABELS[2]]
    assert record["clips"] == 4


def test_frames_are_drawn_one_in_each_part(drawn: Path) -> None:
    path = drawn / LABELS[0] / "clip-0.mp4"
    with Decoders(1) as pool:
        info = pool.probe(path)
        clip = Clip(path, LABELS[0], info.duration_s, info.content_hash, info.backend)
        source = VideoClips([clip], LABELS, 4, pool)
        # Sixteen frames in four parts: each draw is a frame of its part.
        every = np.concatenate(
            [chunk.rgb for chunk in pool.iter_frames(path, np.arange(16) / 8, index=info.index)]
        )
        draws = set()
        for seed in range(6):
            frames = source.frames(0, np.random.default_rng(seed))
            assert frames.shape == (4, 96, 96, 3)
            found = [
                next(i for i, shown in enumerate(every) if np.array_equal(frame, shown))
                for frame in frames
            ]
            assert [place // 4 for place in found] == [0, 1, 2, 3]
            draws.add(tuple(found))
        assert len(draws) > 1
    assert (len(source), source.label(0)) == (1, 0)
