"""Small models on disk, frames and questions; one thread, as threads wait for each other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.zs_dagster.models.lvlm.families import BUILDERS
from tests.zs_dagster.models.lvlm.small_models import QUESTIONS, make_tokenizer
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.untyped import Tokenizer


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the folder of a family, built and saved on first use."""
    built: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in built:
            torch.manual_seed(7)
            model, processor = BUILDERS[family]()
            path = tmp_path_factory.mktemp(family)
            model.save_pretrained(path)
            processor.save_pretrained(path)
            built[family] = path
        return built[family]

    return folder


@pytest.fixture(scope="session")
def frames() -> NDArray[np.uint8]:
    """Three frames of 48x80 pixels that differ, uint8 RGB."""
    return np.random.default_rng(3).integers(0, 256, (3, 48, 80, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def questions() -> tuple[str, ...]:
    """Five questions of different lengths."""
    return QUESTIONS


@pytest.fixture(scope="session")
def naive(
    model_folder: Callable[[str], Path], frames: NDArray[np.uint8], questions: tuple[str, ...]
) -> Callable[[str], NDArray[np.float32]]:
    """Give the scores of the reference for a family, computed on first use."""
    found: dict[str, NDArray[np.float32]] = {}

    def scores(family: str) -> NDArray[np.float32]:
        if family not in found:
            scorer = load_scorer(model_folder(family), mode="naive")
            found[family] = scorer.score(frames, questions)
        return found[family]

    return scores


@pytest.fixture(name="make_tokenizer")
def give_make_tokenizer() -> Callable[..., Tokenizer]:
    """The tokenizer builder, for tests of the tokens alone."""
    return make_tokenizer
