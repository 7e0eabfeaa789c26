"""A plan written down by hand."""

import torch

from zs_dagster.models.lvlm.masks import may_attend
from zs_dagster.models.lvlm.plan import Plan, shared_length

# Prefix 7 8, then the suffixes "1 2" and "3"; the longest prompt has four tokens.
PLAN = Plan([7, 8], [[1, 2], [3]], torch.arange(4))


def test_tokens_positions_and_answers_by_hand() -> None:
    assert PLAN.ids.tolist() == [7, 8, 1, 2, 3]
    assert PLAN.branch.tolist() == [-1, -1, 0, 0, 1]
    assert PLAN.packed_positions.tolist() == [0, 1, 2, 3, 2]
    assert PLAN.answers.tolist() == [3, 4]


def test_three_axes_of_positions_follow_the_longest_prompt() -> None:
    axes = torch.tensor([[0, 5, 9, 10], [0, 6, 9, 10], [0, 7, 9, 10]])
    packed = Plan([7, 8], [[1, 2], [3]], axes).packed_positions
    assert packed.tolist() == [[0, 5, 9, 10, 9], [0, 6, 9, 10, 9], [0, 7, 9, 10, 9]]


def test_a_suffix_sees_the_prefix_and_itself_by_hand() -> None:
    assert may_attend(PLAN).int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 0, 0, 1],
    ]


def test_a_window_counts_the_tokens_of_the_own_prompt() -> None:
    # The 3 stands right behind the 8 in its own prompt, though two places later when packed.
    assert may_attend(PLAN, window=2).int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 0, 1, 1, 0],
        [0, 1, 0, 0, 1],
    ]


def test_shared_length_stops_at_the_first_difference() -> None:
    assert shared_length([[5, 6, 1, 9], [5, 6, 2, 9]]) == 2


def test_shared_length_leaves_every_prompt_its_last_token() -> None:
    assert shared_length([[5, 6, 7]]) == 2
    assert shared_length([[5, 6, 7], [5, 6, 7]]) == 2
    assert shared_length([[5, 6], [5, 6, 7]]) == 1


def test_rows_can_start_at_the_suffixes() -> None:
    assert may_attend(PLAN, start=2).int().tolist() == may_attend(PLAN).int().tolist()[2:]
    rows = may_attend(PLAN, window=2, start=3).int().tolist()
    assert rows == [[0, 0, 1, 1, 0], [0, 1, 0, 0, 1]]


def test_fillers_round_the_length_up_and_are_not_read() -> None:
    filled = PLAN.filled_up(4)
    assert filled.ids.tolist() == [7, 8, 1, 2, 3, 1, 1, 1]
    assert filled.packed_positions.tolist() == [0, 1, 2, 3, 2, 2, 2, 2]
    assert filled.answers.tolist() == [3, 4]
    assert may_attend(filled)[:5, :5].tolist() == may_attend(PLAN).tolist()
    assert not may_attend(filled)[:5, 5:].any()
    assert may_attend(filled)[6].int().tolist() == [1, 1, 0, 0, 0, 0, 1, 0]


def test_a_length_that_fits_takes_no_fillers() -> None:
    assert PLAN.filled_up(5).ids.tolist() == PLAN.ids.tolist()


def test_some_of_the_questions_are_planned_alone_and_filled_up_alike() -> None:
    asked = Plan([7, 8], [[1, 2], [3], [4, 5, 6]], torch.arange(5))
    assert asked.part(1, 3).ids.tolist() == [7, 8, 3, 4, 5, 6]
    assert asked.part(1, 3).packed_positions.tolist() == [0, 1, 2, 2, 3, 4]
    # Two fillers follow, and none is taken for a question.
    filled = asked.filled_up(5)
    assert filled.part(2, 9).ids.tolist() == [7, 8, 4, 5, 6]
    assert filled.part(0, 1).ids.tolist() == [7, 8, 1, 2, 1]
    assert filled.part(0, 1).answers.tolist() == [3]
