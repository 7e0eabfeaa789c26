"""Which tokens are the answers, for tokenizers of all kinds."""

import asyncio
from collections.abc import Mapping

import pytest

from zs_dagster.errors import ModelError
from zs_dagster.models.server.reading import Labels
from zs_dagster.models.server.spellings import TokenPolicy, by_id, ids

# Byte-level BPE: every spelling may be one token, and what it does not know is bytes.
BPE = {"yes": [1], " yes": [2], "Yes": [3], "no": [4], "No": [5], " NO": [6]}
# Whole words: what it does not know is the token 0, whatever it is.
WORDS = {"yes": [1], " yes": [1], "no": [4], " no": [4]}


def find(
    known: Mapping[str, list[int]], unknown: list[int], policy: TokenPolicy
) -> Labels | None:
    async def tokenize(text: str) -> list[int]:
        return known.get(text, unknown)

    return asyncio.run(by_id(tokenize, policy))


def test_all_spellings_of_one_token_count() -> None:
    labels = find(BPE, [9, 9], "variants")
    assert labels is not None
    assert labels.yes == {"token_id:1", "token_id:2", "token_id:3"}
    assert labels.no == {"token_id:4", "token_id:5", "token_id:6"}
    assert ids(labels) == [1, 2, 3, 4, 5, 6]


def test_the_paper_takes_two_tokens() -> None:
    labels = find(BPE, [9, 9], "paper")
    assert labels is not None
    assert ids(labels) == [1, 4]


def test_the_unknown_token_is_no_answer() -> None:
    labels = find(WORDS, [0], "variants")
    assert labels is not None
    assert ids(labels) == [1, 4]
    assert find({"yes": [1]}, [0], "variants") is None


def test_a_server_that_tells_nothing_has_no_ids() -> None:
    assert find({}, [], "variants") is None


def test_one_token_cannot_be_both_answers() -> None:
    with pytest.raises(ModelError, match=r"must be different tokens, got \[7\] for both"):
        find({"yes": [7], "No": [7]}, [9, 9], "variants")
