"""A compiled decoder answers the same, and one that cannot be compiled runs plainly."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from zs_dagster.models.lvlm import compiling, loading
from zs_dagster.models.lvlm.compiling import LENGTH_MULTIPLE, CompiledDecoder
from zs_dagster.models.lvlm.loading import load_scorer
from zs_dagster.models.lvlm.modes import Mode
from zs_dagster.models.lvlm.scorer import TransformersScorer
from zs_dagster.models.lvlm.untyped import Model

ModelFolder = Callable[[str], Path]
Frames = NDArray[np.uint8]
Questions = tuple[str, ...]
Naive = Callable[[str], NDArray[np.float32]]
Graph = Callable[..., Any]
# Stands for inductor, whose compiler takes longer than all other tests together: the graph is
# captured, guarded and run in the same way.
Compiler = Callable[[torch.fx.GraphModule, list[torch.Tensor]], Graph]


@pytest.fixture
def load(
    model_folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., TransformersScorer]]:
    """Load with a compiler of the test's own in the place of inductor."""

    def with_compiler(family: str, compiler: Compiler, **options: Any) -> TransformersScorer:  # noqa: ANN401
        def decoder(model: Model) -> CompiledDecoder:
            return CompiledDecoder(model, compiler)

        monkeypatch.setattr(loading, "CompiledDecoder", decoder)
        return load_scorer(model_folder(family), compile=True, **options)

    torch.compiler.reset()
    yield with_compiler
    torch.compiler.reset()


class Counting:
    """Compiles nothing, and notes the shapes of the largest inputs."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def __call__(self, graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Graph:
        shapes = [i.shape for i in inputs if torch.is_tensor(i) and i.is_floating_point()]
        self.lengths += [shape[1] for shape in shapes if len(shape) == 3][:1]
        return graph.forward


def wrong(graph: torch.fx.GraphModule, _: list[torch.Tensor]) -> Graph:
    """Miscompiles: everything comes out a little too large."""
    return lambda *args: tuple(
        1.5 * out if out.is_floating_point() else out for out in graph(*args)
    )


def refusing(*_: object) -> Graph:
    raise RuntimeError("no C++ compiler on this machine")


@pytest.mark.parametrize(
    ("family", "mode"),
    [("llava_onevision", "packed"), ("pixtral", "two-step"), ("pixtral", "prefix")],
)
def test_a_compiled_decoder_reproduces_naive(
    load: Callable[..., TransformersScorer],
    frames: Frames,
    questions: Questions,
    naive: Naive,
    family: str,
    mode: Mode,
) -> None:
    compiler = Counting()
    scorer = load(family, compiler, mode=mode, batch_frames=3)
    found = scorer.score(frames, questions)
    np.testing.assert_allclose(found, naive(family), rtol=0, atol=1e-5)
    assert compiler.lengths


def test_lengths_are_rounded_up_so_that_questions_share_a_graph(
    load: Callable[..., TransformersScorer], frames: Frames, questions: Questions
) -> None:
    compiler = Counting()
    scorer = load("pixtral", compiler, mode="packed", batch_frames=3)
    scorer.score(frames, questions)
    compiled = len(compiler.lengths)
    assert all(length % LENGTH_MULTIPLE == 0 for length in compiler.lengths)
    scorer.score(frames, [*questions[:4], questions[4].replace("Has", "Was")])
    assert len(compiler.lengths) == compiled


def test_what_is_left_over_of_a_chunk_is_not_compiled(
    load: Callable[..., TransformersScorer], frames: Frames, questions: Questions, naive: Naive
) -> None:
    compiler = Counting()
    scorer = load("pixtral", compiler, mode="packed", batch_frames=8)
    np.testing.assert_allclose(
        scorer.score(frames, questions), naive("pixtral"), rtol=0, atol=1e-5
    )
    assert not compiler.lengths


@pytest.mark.parametrize("mode", ["packed", "two-step"])
def test_where_compiling_fails_the_model_runs_plainly_and_says_so_once(
    load: Callable[..., TransformersScorer],
    frames: Frames,
    questions: Questions,
    naive: Naive,
    mode: Mode,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scorer = load("pixtral", refusing, mode=mode, batch_frames=1)
    with caplog.at_level(logging.WARNING, logger=compiling.__name__):
        found = scorer.score(frames, questions)
    np.testing.assert_allclose(found, naive("pixtral"), rtol=0, atol=1e-5)
    said = [r.getMessage() for r in caplog.records if r.name == compiling.__name__]
    assert len(said) == 1
    assert "the language model runs uncompiled: " in said[0]
    assert "no C++ compiler on this machine" in said[0]


def test_the_check_finds_a_compiler_that_errs(
    load: Callable[..., TransformersScorer],
    frames: Frames,
    questions: Questions,
    naive: Naive,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scorer = load("pixtral", wrong, batch_frames=3)
    with caplog.at_level(logging.WARNING, logger=compiling.__name__):
        found = scorer.score(frames, questions)
    np.testing.assert_allclose(found, naive("pixtral"), rtol=0, atol=1e-5)
    assert scorer.mode == "packed"
    assert "runs uncompiled: packed differs from naive by " in caplog.text


def test_the_reference_is_never_compiled(
    load: Callable[..., TransformersScorer], frames: Frames, questions: Questions, naive: Naive
) -> None:
    compiler = Counting()
    scorer = load("pixtral", compiler, mode="naive", batch_frames=3)
    np.testing.assert_array_equal(scorer.score(frames, questions), naive("pixtral"))
    assert not compiler.lengths
