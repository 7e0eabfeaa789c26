"""Which tokens are the answers, and the arithmetic between them."""

import math
from collections.abc import Callable

import pytest
import torch

from zs_dagster.errors import ModelError
from zs_dagster.models.lvlm.tokens import AnswerTokens, TokenPolicy, find_answer_tokens
from zs_dagster.models.lvlm.untyped import Tokenizer


class Words:
    """A tokenizer that knows whole words only; every other text is the unknown token."""

    def __init__(self, ids: dict[str, int], unknown: int | None = 0) -> None:
        self.unk_token_id = unknown
        self._ids = ids

    def convert_tokens_to_ids(self, token: str) -> int | None:
        return self._ids.get(token, self.unk_token_id)

    def __call__(self, text: str, **_: object) -> dict[str, list[int]]:
        known = self.convert_tokens_to_ids(text)
        return {"input_ids": [ord(letter) for letter in text] if known is None else [known]}


def number(*words: str) -> dict[str, int]:
    return {word: i for i, word in enumerate(words, start=1)}


def test_variants_take_every_spelling_of_one_token() -> None:
    words = Words(number("yes", "Yes", " yes", "no", "No", " No", "YES"))
    tokens = find_answer_tokens(words, "variants")
    assert tokens == AnswerTokens(yes=(1, 3, 2, 7), no=(4, 5, 6))


def test_variants_find_the_word_start_of_sentencepiece() -> None:
    tokens = find_answer_tokens(Words(number("\u2581Yes", "\u2581No")), "variants")
    assert tokens == AnswerTokens(yes=(1,), no=(2,))


def test_paper_takes_the_two_lower_case_tokens() -> None:
    tokens = find_answer_tokens(Words(number("yes", "Yes", "no", "No")), "paper")
    assert tokens == AnswerTokens(yes=(1,), no=(3,))


def test_paper_needs_the_lower_case_tokens() -> None:
    with pytest.raises(ModelError, match=r"'paper' needs 'yes' as one token.*use the policy"):
        find_answer_tokens(Words(number("Yes", "No")), "paper")


def test_paper_notices_a_tokenizer_that_answers_none() -> None:
    # Byte-level tokenizers have no unknown token.
    with pytest.raises(ModelError, match="'paper' needs 'no' as one token"):
        find_answer_tokens(Words(number("yes"), unknown=None), "paper")


def test_variants_need_one_spelling() -> None:
    with pytest.raises(ModelError, match="no spelling of 'no' is one token"):
        find_answer_tokens(Words(number("yes")), "variants")


def test_the_answers_must_differ() -> None:
    with pytest.raises(ModelError, match=r"must be different tokens, got \[5\] for both"):
        find_answer_tokens(Words({"yes": 5, "no": 5, "No": 6}), "variants")


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(ModelError, match="must be 'variants' or 'paper', got 'best'"):
        find_answer_tokens(Words(number("yes", "no")), "best")  # type: ignore[arg-type] # on purpose


def test_log_odds_and_mass_by_hand() -> None:
    # Probabilities .1 .2 | .3 for yes yes no, .4 for the rest: odds 0.3 / 0.3, mass 0.6.
    tokens = AnswerTokens(yes=(0, 1), no=(2,))
    logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log() + 5
    assert tokens.log_odds(logits).item() == pytest.approx(0.0, abs=1e-6)
    assert tokens.mass(logits).item() == pytest.approx(0.6, abs=1e-6)
    paper = AnswerTokens(yes=(1,), no=(2,))
    assert paper.log_odds(logits).item() == pytest.approx(math.log(2 / 3), abs=1e-6)


@pytest.mark.parametrize("policy", ["variants", "paper"])
def test_a_byte_level_tokenizer_has_both(
    policy: TokenPolicy, make_tokenizer: Callable[..., Tokenizer]
) -> None:
    tokenizer = make_tokenizer()
    tokens = find_answer_tokens(tokenizer, policy)
    expected = {"variants": ["yes", " yes", "Yes"], "paper": ["yes"]}[policy]
    assert [tokenizer.decode([i]) for i in tokens.yes] == expected
