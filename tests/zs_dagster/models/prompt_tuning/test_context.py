"""Where the context stands in the prompts, and what cannot be a prompt."""

from typing import TYPE_CHECKING

import pytest
import torch
from open_clip.tokenizer import SimpleTokenizer

from zs_dagster.errors import InputError, ModelError
from zs_dagster.models.prompt_tuning.context import Prompts, Tokenize, build_prompts
from zs_dagster.models.prompt_tuning.text_tower import TextTower

if TYPE_CHECKING:
    from tests.zs_dagster.models.prompt_tuning.conftest import Clip


def prompts_of(clip: "Clip", names: list[str], ctx: str = "a video of a") -> Prompts:
    return build_prompts(TextTower(clip.network), clip.tokenize, names, ctx, ".")


def test_the_slot_holds_the_tokens_of_the_context(clip: "Clip") -> None:
    prompts = prompts_of(clip, list(clip.names))
    assert (prompts.start, prompts.end) == ((1, 5) if clip.has_start else (0, 4))
    alone = clip.tokenize(["a video of a"], context_length=20)
    words = alone[0, prompts.start : prompts.end]
    assert torch.equal(prompts.ids[:, prompts.start : prompts.end], words.expand(5, -1))


@pytest.mark.parametrize("names", [["archery"], ["archery", "archery"], ["a", "a video"]])
def test_the_slot_does_not_grow_into_names_that_all_begin_alike(
    clip: "Clip", names: list[str]
) -> None:
    prompts = prompts_of(clip, names)
    assert prompts.end - prompts.start == 4


def test_the_context_has_as_many_vectors_as_tokens(small: "Clip") -> None:
    text = "zero-shot slow-motion"
    prompts = prompts_of(small, ["archery"], text)
    tokens = len(SimpleTokenizer().encode(text))
    assert prompts.end - prompts.start == tokens > len(text.split())


def test_only_the_slot_is_replaced(clip: "Clip") -> None:
    prompts = prompts_of(clip, list(clip.names))
    embeddings = torch.randn(5, prompts.ids.shape[1], 7)
    context = torch.randn(prompts.end - prompts.start, 7)
    injected = prompts.inject(embeddings, context)
    slot = slice(prompts.start, prompts.end)
    assert torch.equal(injected[:, slot], context.expand(5, -1, -1))
    injected[:, slot] = embeddings[:, slot]
    assert torch.equal(injected, embeddings)


def test_underscores_are_spaces(small: "Clip") -> None:
    assert torch.equal(
        prompts_of(small, ["brush_hair"]).ids, prompts_of(small, ["brush hair"]).ids
    )


def test_a_prompt_may_fill_the_tower_and_no_more(clip: "Clip") -> None:
    def tokens(count: int) -> str:
        return " ".join(["a"] * count)

    length = int(clip.network.context_length)
    one = prompts_of(clip, ["a"])
    ids = clip.tokenize(["a video of a a."], context_length=length)
    empty = clip.tokenize([""], context_length=length)
    used = length - int((ids[0] == empty[0, -1]).sum()) - 1  # Without the one "a".
    full = prompts_of(clip, ["a", tokens(length - used)])
    assert (full.start, full.end) == (one.start, one.end)
    too_long = tokens(length - used + 1)
    message = rf"at most {length} tokens, got more for '{too_long[:60]}'; shorten the class"
    with pytest.raises(ModelError, match=message):
        prompts_of(clip, ["a", too_long, "archery"])


def test_a_long_context_is_named(small: "Clip") -> None:
    with pytest.raises(ModelError, match=r"got more for 'a a a a.*'; shorten .* or ctx_init"):
        prompts_of(small, ["archery"], " ".join(["a"] * 30))


@pytest.mark.parametrize("names", [[], ["archery", " "]])
def test_classes_must_be_named(small: "Clip", names: list[str]) -> None:
    with pytest.raises(InputError, match=r"class names must be given and not blank, got \["):
        prompts_of(small, names)


def test_a_context_without_tokens_is_refused(small: "Clip") -> None:
    tokenize: Tokenize = SimpleTokenizer(context_length=20, clean="canonicalize")
    with pytest.raises(ModelError, match=r"keep ctx_init apart .* got '\.\.\.' joined with"):
        build_prompts(TextTower(small.network), tokenize, ["archery"], "...", ".")


def test_a_context_that_melts_into_the_name_is_refused(small: "Clip", words: Tokenize) -> None:
    # "of." is one token alone and another with what follows.
    with pytest.raises(ModelError, match=r"keep ctx_init apart .* got 'video of\(' joined"):
        build_prompts(TextTower(small.network), Melting(words), ["archery"], "video of(", ".")


def test_a_name_that_the_tokenizer_drops_is_refused(small: "Clip") -> None:
    tokenize: Tokenize = SimpleTokenizer(context_length=20, clean="canonicalize")
    with pytest.raises(ModelError, match=r"must change the prompt, got '!\?', which the tok"):
        build_prompts(TextTower(small.network), tokenize, ["archery", "!?"], "a video", ".")


class Melting:
    """A tokenizer in which a bracket and the word after it are one token."""

    def __init__(self, words: Tokenize) -> None:
        self._words = words

    def __call__(self, texts: list[str], /, *, context_length: int) -> torch.Tensor:
        joined = [text.replace("( ", "").replace("ofarchery", "archery") for text in texts]
        return self._words(joined, context_length=context_length)
