"""Training on drawn clips: what is learnt, what is saved, and what a kill changes: nothing."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.hostile_safetensors import HOSTILE, HOSTILE_TO_NUMPY
from tests.zs_dagster.models.clip_training.conftest import NAMES, Lamps
from zs_dagster.digests import folder_digest
from zs_dagster.errors import InputError, ModelError, StoreError
from zs_dagster.models.clip import OpenClipEncoder, clip_fingerprint
from zs_dagster.models.clip_training.base import Base, load_base
from zs_dagster.models.clip_training.loop import Job, Pace, Training
from zs_dagster.models.clip_training.recipe import Recipe
from zs_dagster.models.clip_training.state import Checkpoints, Counters
from zs_dagster.models.clip_training.texts import text_features
from zs_dagster.models.clip_training.train import train_clip

# Batches of 5, 5 and 2 clips in parts of 2: nothing divides evenly.
SMALL = Recipe(
    epochs=2, batch=5, accumulation=3, rate=1e-2, warm_up_epochs=1, frames=2, prompt="a {name}"
)
ALONE = Pace(workers=1, save_every=2)
Load = Callable[[], Base]


def test_a_trained_model_names_new_clips_and_loads_by_its_folder(
    base: Load, tmp_path: Path
) -> None:
    recipe = replace(SMALL, epochs=8, colour_jitter=0.0, greyscale=0.0)
    out = tmp_path / "trained"
    record = train_clip(base(), Job(Lamps(24), NAMES, recipe), out)
    losses = [epoch["loss"] for epoch in record["epochs"]]
    assert losses[-1] < 0.5 * losses[0]
    assert record["epochs"][-1]["accuracy"] > 0.9
    encoder = OpenClipEncoder(f"local-dir:{out}", device="cpu")
    texts = encoder.encode_texts([recipe.prompt.format(name=name) for name in NAMES.values()])
    lamps = Lamps(9)
    clips = [lamps.frames(i, np.random.default_rng(90 + i)) for i in range(len(lamps))]
    videos = np.stack([encoder.encode_frames(frames).mean(0) for frames in clips])
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    found = (videos @ texts.T).argmax(1)
    assert found.tolist() == [lamps.label(i) for i in range(len(lamps))]
    assert json.loads((out / "training.json").read_text()) == record
    assert {path.name for path in tmp_path.iterdir()} == {"trained"}


@pytest.mark.parametrize("mixed", [{}, {"mixup": 0.8, "cutmix": 1.0, "label_smoothing": 0.1}])
def test_killed_and_resumed_it_ends_in_the_same_bytes(
    base: Load, tmp_path: Path, mixed: dict[str, float]
) -> None:
    recipe = replace(SMALL, accumulation=2, **mixed)  # type: ignore[arg-type] # floats all
    train_clip(base(), Job(Lamps(), NAMES, recipe), tmp_path / "whole", pace=ALONE)
    # Killed before the first checkpoint, within an epoch, between epochs and near the end.
    lamps = Lamps(breaks_at={4, 17, 25, 31})
    out, kills = tmp_path / "killed", 0
    while not out.exists():
        try:
            job = Job(lamps, NAMES, recipe)
            train_clip(base(), job, out, resume=kills > 0, pace=ALONE)
        except KeyboardInterrupt:
            kills += 1
    assert kills == 4
    assert folder_digest(out) == folder_digest(tmp_path / "whole")
    assert {path.name for path in tmp_path.iterdir()} == {"killed", "whole"}


def test_a_checkpoint_cut_short_is_passed_over(base: Load, tmp_path: Path) -> None:
    train_clip(base(), Job(Lamps(), NAMES, SMALL), tmp_path / "whole", pace=ALONE)
    job = Job(Lamps(breaks_at={20}), NAMES, SMALL)
    with pytest.raises(KeyboardInterrupt):
        train_clip(base(), job, tmp_path / "killed", pace=ALONE)
    folder = tmp_path / "killed.training"
    (last,) = folder.glob("step-*")
    cut = folder / "step-000000099.tmp"
    shutil.copytree(last, cut)
    (cut / "weights.safetensors").write_bytes(b"cut")
    train_clip(base(), Job(Lamps(), NAMES, SMALL), tmp_path / "killed", resume=True, pace=ALONE)
    assert folder_digest(tmp_path / "killed") == folder_digest(tmp_path / "whole")


@pytest.mark.parametrize("file", ["weights.safetensors", "moments.safetensors"])
@pytest.mark.parametrize("what", HOSTILE | HOSTILE_TO_NUMPY)
def test_a_hostile_checkpoint_is_refused_in_one_line(
    tmp_path: Path, what: str, file: str
) -> None:
    network, checkpoints = torch.nn.Linear(1, 1), Checkpoints(tmp_path)
    optimizer = torch.optim.AdamW(network.parameters())
    checkpoints.save(Counters(step=3), network, optimizer)
    assert checkpoints.load(network, optimizer).step == 3
    (tmp_path / "step-000000003" / file).write_bytes((HOSTILE | HOSTILE_TO_NUMPY)[what])
    with pytest.raises(
        StoreError, match=r"step-000000003' is damaged \(.* begin anew"
    ) as error:
        checkpoints.load(network, optimizer)
    assert len(str(error.value).splitlines()) == 1


def test_too_little_memory_to_resume_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, checkpoints = torch.nn.Linear(1, 1), Checkpoints(tmp_path)
    optimizer = torch.optim.AdamW(network.parameters())
    checkpoints.save(Counters(step=3), network, optimizer)

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("zs_dagster.models.clip_training.state._restore", full)
    with pytest.raises(torch.OutOfMemoryError):
        checkpoints.load(network, optimizer)


def test_killed_before_it_was_saved_only_the_saving_is_left(base: Load, tmp_path: Path) -> None:
    job, model = Job(Lamps(), NAMES, SMALL), base()
    train_clip(base(), job, tmp_path / "whole", pace=ALONE)
    checkpoints = Checkpoints(tmp_path / "killed.training")
    checkpoints.begin({"base": model.fingerprint, **job.identity()}, resume=False)
    Training(model, job).run(checkpoints, ALONE)
    unread = Job(Lamps(breaks_at={1}), NAMES, SMALL)
    train_clip(base(), unread, tmp_path / "killed", resume=True)
    assert folder_digest(tmp_path / "killed") == folder_digest(tmp_path / "whole")


def test_threads_and_checkpoints_change_nothing_and_the_seed_does(
    base: Load, tmp_path: Path
) -> None:
    paces = {"one": ALONE, "many": Pace(workers=3, save_every=1)}
    for name, pace in paces.items():
        train_clip(base(), Job(Lamps(), NAMES, SMALL), tmp_path / name, pace=pace)
    train_clip(base(), Job(Lamps(), NAMES, SMALL, seed=1), tmp_path / "other", pace=ALONE)
    one, many, other = (
        clip_fingerprint(f"local-dir:{tmp_path / name}", None)
        for name in ("one", "many", "other")
    )
    assert one == many
    assert one != other


def test_training_leaves_the_random_numbers_of_others_alone(base: Load, tmp_path: Path) -> None:
    training = Training(base(), Job(Lamps(6), NAMES, replace(SMALL, epochs=1)))
    checkpoints = Checkpoints(tmp_path)
    checkpoints.begin({}, resume=False)
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    training.run(checkpoints, ALONE)
    assert torch.equal(torch.rand(3), expected)


def gradients(base: Base, recipe: Recipe, tmp_path: Path, name: str) -> dict[str, torch.Tensor]:
    """Return what one step's gradient is, which stays in the network after it."""
    checkpoints = Checkpoints(tmp_path / name)
    checkpoints.begin({}, resume=False)
    Training(base, Job(Lamps(6), NAMES, recipe)).run(checkpoints, ALONE)
    return {n: p.grad for n, p in base.network.named_parameters() if p.grad is not None}


def test_parts_and_chunks_of_texts_give_the_gradient_of_the_whole(
    base: Load, tmp_path: Path
) -> None:
    one = replace(SMALL, epochs=1, batch=6, accumulation=1)
    whole = gradients(base(), one, tmp_path, "whole")
    cut = replace(one, accumulation=4, text_chunk=1)
    pieces = gradients(base(), cut, tmp_path, "pieces")
    assert whole.keys() == pieces.keys() == dict(base().network.named_parameters()).keys()
    for name, gradient in whole.items():
        torch.testing.assert_close(pieces[name], gradient, atol=1e-5, rtol=1e-4, msg=name)
    assert max(float(gradient.abs().max()) for gradient in whole.values()) > 1e-3


def test_the_loss_is_that_of_the_formula(base: Load, tmp_path: Path) -> None:
    """By hand on clips without noise, of which every view is the same."""

    class Still(Lamps):
        def frames(  # type: ignore[explicit-override] # typing.override is of 3.12
            self, number: int, rng: np.random.Generator
        ) -> np.ndarray:
            images = np.zeros_like(super().frames(number, rng))
            images[..., self.label(number)] = 255
            images[1] //= 3
            return images

    recipe = replace(SMALL, epochs=1, batch=6, flip=0, colour_jitter=0, greyscale=0)
    start = base()
    record = train_clip(base(), Job(Still(6), NAMES, recipe), tmp_path / "out")
    pixels = torch.zeros(3, 2, 3, 16, 16)
    for label in range(3):
        pixels[label, 0, label], pixels[label, 1, label] = 1.0, 1 / 3
    with torch.no_grad():
        # The mean and std of the tiny model are a half.
        features = start.network.encode_image((pixels.flatten(0, 1) - 0.5) / 0.5)
        videos = functional.normalize(features.view(3, 2, -1).mean(1), dim=-1)
        tokens = start.tokenize([f"a {name}" for name in NAMES.values()])
        texts = functional.normalize(start.network.encode_text(tokens), dim=-1)
        logits = start.network.logit_scale.exp() * videos @ texts.T
        loss = functional.cross_entropy(logits, torch.arange(3))
    # The first rate is 0: one step is measured, and changes nothing.
    assert record["epochs"][0]["loss"] == pytest.approx(loss.item(), rel=1e-4)
    trained = load_base(f"local-dir:{tmp_path / 'out'}", None, "cpu").network.state_dict()
    for name, weight in start.network.state_dict().items():
        assert torch.equal(trained[name], weight), name


def test_chunks_of_texts_are_the_same_texts(base: Load) -> None:
    model = base()
    tokens = model.tokenize(["a red light", "a light", "blue"])
    whole = text_features(model.network, tokens, 3)
    torch.testing.assert_close(text_features(model.network, tokens, 2), whole)
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(3))


@pytest.mark.parametrize(
    ("job", "rule"),
    [
        (Job(Lamps(2), NAMES, SMALL), "each class must have clips, 'blue' has none (1 of 3"),
        (Job(Lamps(0), NAMES, SMALL), "each class must have clips, 'red' has none (3 of 3"),
        (Job(Lamps(), {"red": "x"}, SMALL), "training needs at least 2 classes, got 1"),
        (
            Job(Lamps(), {**NAMES, "red": "green light"}, SMALL),
            "two classes are written 'green",
        ),
        (Job(Lamps(), NAMES, SMALL, seed=-1), "seed must be >= 0, got -1"),
    ],
)
def test_bad_jobs_are_refused_and_leave_nothing(
    base: Load, tmp_path: Path, job: Job, rule: str
) -> None:
    with pytest.raises(InputError) as caught:
        train_clip(base(), job, tmp_path / "out")
    assert str(caught.value).startswith(rule)
    assert not list(tmp_path.iterdir())


def test_a_loss_without_value_ends_training_and_is_no_model(base: Load, tmp_path: Path) -> None:
    model = base()
    with torch.no_grad():
        model.network.visual.proj.fill_(float("nan"))
    with pytest.raises(ModelError, match="the loss must be finite, got nan in step 0; lower"):
        train_clip(model, Job(Lamps(), NAMES, SMALL), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def begun(base: Load, tmp_path: Path) -> Path:
    with pytest.raises(KeyboardInterrupt):
        train_clip(
            base(), Job(Lamps(breaks_at={9}), NAMES, SMALL), tmp_path / "out", pace=ALONE
        )
    return tmp_path / "out"


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        (
            Job(Lamps(), NAMES, replace(SMALL, rate=1e-3)),
            "recipe differs: rate was 0.01, is 0.0",
        ),
        (Job(Lamps(), NAMES, SMALL, seed=3), "seed differs: was 0, is 3"),
        (Job(Lamps(15), NAMES, SMALL), "data differs: was '"),
        (Job(Lamps(), dict(reversed(NAMES.items())), SMALL), "classes differs: was [["),
    ],
)
def test_another_training_is_not_resumed(
    base: Load, tmp_path: Path, other: Job, rule: str
) -> None:
    out = begun(base, tmp_path)
    with pytest.raises(
        InputError, match="--resume needs the training that was begun"
    ) as caught:
        train_clip(base(), other, out, resume=True)
    assert rule in str(caught.value)


def test_resume_is_said_when_it_is_meant_and_only_then(base: Load, tmp_path: Path) -> None:
    job = Job(Lamps(), NAMES, SMALL)
    with pytest.raises(
        InputError, match=r"there is no unfinished training in '.*out.training'"
    ):
        train_clip(base(), job, tmp_path / "out", resume=True)
    out = begun(base, tmp_path)
    with pytest.raises(InputError, match="holds an unfinished training; --resume it or delete"):
        train_clip(base(), job, out)
    out.mkdir()
    with pytest.raises(
        InputError, match=r"--out must be a new folder, '.*out' is there already"
    ):
        train_clip(base(), job, out, resume=True)
