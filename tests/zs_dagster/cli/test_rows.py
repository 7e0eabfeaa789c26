"""Which columns of a table are shown where not all have room."""

from hypothesis import given
from hypothesis import strategies as st

from zs_dagster.cli.rows import BORDERS, MIN_CUT, Fit, fitting


def test_what_fits_is_shown_whole() -> None:
    # "abc" and 100 characters, two borders of three and one more.
    columns = [["n", "abc", "abc"], ["t", "x" * 100, "x" * 100]]
    assert fitting(columns, 110) == Fit([0, 1], [], 110)
    assert fitting(columns, 109).same == [1]


def test_what_differs_between_rows_comes_first() -> None:
    columns = [["same", "s" * 40, "s" * 40], ["name", "a", "b"], ["long", "x" * 90, "y" * 90]]
    # 80 characters: 7 of borders and 4 of the name leave 69.
    assert fitting(columns, 80) == Fit([1, 2], [0], 69)


def test_the_last_columns_are_left_out_and_one_always_stays() -> None:
    columns = [[name, name * 30, name * 31] for name in "abcdef"]
    assert fitting(columns, 80) == Fit([0, 1, 2], [], 23)
    assert fitting(columns, 5) == Fit([0], [], MIN_CUT)


def test_of_equal_rows_the_first_column_is_shown() -> None:
    columns = [["a", "x" * 50, "x" * 50], ["b", "y" * 50, "y" * 50]]
    assert fitting(columns, 80)[:2] == ([0], [1])


texts = st.text("ab", max_size=60)


@given(
    st.integers(0, 3).flatmap(
        lambda rows: st.lists(st.lists(texts, min_size=rows + 1, max_size=rows + 1), min_size=1)
    ),
    st.integers(MIN_CUT + BORDERS + 1, 200),
)
def test_a_table_is_never_wider_than_the_terminal(columns: list[list[str]], width: int) -> None:
    fit = fitting(columns, width)
    cells = [min(max(map(len, columns[place])), fit.cut) for place in fit.shown]
    assert sum(cells) + BORDERS * len(cells) + 1 <= width
    assert fit.shown
    assert not set(fit.shown) & set(fit.same)
