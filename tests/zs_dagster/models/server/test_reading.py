"""P(yes) of a list of tokens: by hand, and as bounds that hold for every distribution."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.errors import ModelError
from zs_dagster.models.server.reading import Labels, Reading, read
from zs_dagster.models.server.replies import TokenLogprob
from zs_dagster.models.server.spellings import by_text, spellings

NEVER = -9999.0  # how servers write minus infinity
TWO = Labels("exact", frozenset({"token_id:1", "token_id:2"}), frozenset({"token_id:3"}), 2)


def candidate(token: str, logprob: float) -> TokenLogprob:
    return TokenLogprob(token=token, logprob=logprob)


def listed(**probabilities: float) -> list[TokenLogprob]:
    """Tokens by name; `_` is a space, `id` a token id."""
    return [
        candidate(name.replace("_", " ").replace("id", "token_id:"), math.log(p))
        for name, p in probabilities.items()
    ]


def reading(mode: Labels, **probabilities: float) -> Reading:
    return read(listed(**probabilities), mode, "frame 7 and 'Is it day?'")


def test_exact_sums_the_spellings_of_each_side() -> None:
    found = reading(TWO, id1=0.2, id2=0.1, id3=0.1)
    assert found.p_yes == pytest.approx(0.75)
    assert (found.low, found.high) == (found.p_yes, found.p_yes)
    assert found.mass == pytest.approx(0.4)


def test_exact_may_be_sure() -> None:
    top = [*listed(id1=0.2, id2=0.1), candidate("token_id:3", NEVER)]
    assert read(top, TWO, "").p_yes == 1.0


def test_exact_must_hold_all_it_asked_for() -> None:
    with pytest.raises(ValueError, match="the answer lacks tokens that were asked for"):
        reading(TWO, id1=0.2, id3=0.1)


def test_top_20_sums_what_is_listed() -> None:
    found = reading(by_text("variants"), Yes=0.5, _yes=0.1, The=0.1, No=0.2)
    assert found.p_yes == pytest.approx(0.6 / 0.8)
    assert not found.truncated
    # The last of the list has 0.1, the rest 0.1: neither side can have more than that besides.
    assert found.low == pytest.approx(0.6 / 0.9, abs=1e-5)
    assert found.high == pytest.approx(0.7 / 0.9, abs=1e-5)


def test_a_missing_side_is_estimated_by_its_bound() -> None:
    # The last one has 0.04, the rest is 0.02: no more can be left for "no".
    found = reading(by_text("variants"), Yes=0.9, The=0.04, A=0.04)
    assert found.truncated
    assert found.p_yes == pytest.approx(0.9 / 0.92, abs=1e-5)
    assert found.low == pytest.approx(0.9 / 0.92, abs=1e-5)
    assert found.high == 1.0


def test_rounded_log_probabilities_leave_room_for_a_missing_side() -> None:
    # They add up to one, as float32 may have it, and still "no" is not impossible.
    found = reading(by_text("variants"), Yes=0.6, The=0.4)
    assert 0.99999 < found.low <= found.p_yes < 1.0


def test_the_paper_takes_the_bare_word_only() -> None:
    found = reading(by_text("paper"), Yes=0.6, no=0.1, yes=0.3)
    assert found.p_yes == pytest.approx(0.75)


@pytest.mark.parametrize("written", [" yes", "\u0120Yes", "\u2581YES", "yes"])
def test_a_space_before_a_word_is_written_in_several_ways(written: str) -> None:
    top = [candidate(written, -0.1), candidate("no", -3.0)]
    assert read(top, by_text("variants"), "").p_yes == pytest.approx(1 / (1 + math.exp(-2.9)))


def test_neither_answer_is_an_error_and_never_one_half() -> None:
    expected = (
        r"the answer to frame 7 and 'Is it day\?' must begin with yes or no, got neither among "
        r"the 2 most likely tokens \('The', 'A', \.\.\.\)"
    )
    with pytest.raises(ModelError, match=expected):
        reading(by_text("variants"), The=0.9, A=0.1)


def test_an_answer_that_never_comes_is_no_answer() -> None:
    top = [candidate("yes", NEVER), candidate("no", NEVER)]
    with pytest.raises(ModelError, match="must begin with yes or no"):
        read(top, by_text("variants"), "")


def test_logits_are_not_taken_for_probabilities() -> None:
    with pytest.raises(ValueError, match="probabilities must add up to at most 1, got 4"):
        reading(by_text("variants"), Yes=3.0, No=1.0)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 4.0), st.sampled_from(["variants", "paper"]))
def test_the_truth_lies_within_the_bounds(seed: int, spread: float, policy: str) -> None:
    words = {word: spellings(word, policy) for word in ("yes", "no")}  # type: ignore[arg-type]
    names = [*words["yes"], *words["no"], *(f"other{number}" for number in range(40))]
    logits = np.random.default_rng(seed).normal(0, spread, len(names))
    p = dict(zip(names, np.exp(logits) / np.exp(logits).sum(), strict=True))
    yes, no = (sum(p[name] for name in words[word]) for word in ("yes", "no"))
    top = sorted(names, key=lambda name: -p[name])[:20]
    tokens = [candidate(name, float(np.float32(np.log(p[name])))) for name in top]
    try:
        found = read(tokens, by_text(policy), "")  # type: ignore[arg-type]
    except ModelError:
        assert not {*words["yes"], *words["no"]} & {*top}
        return
    assert found.low - 1e-6 <= yes / (yes + no) <= found.high + 1e-6
    assert found.low <= found.p_yes <= found.high
    assert 0 <= found.low <= found.high <= 1
