"""The published tables are data: complete, cited, and attached to cells that exist."""

import pytest
from pydantic import ValidationError

from zs_dagster.evaluation.matrix_design import matrix_design
from zs_dagster.evaluation.published import (
    Cell,
    PublishedTable,
    comparable,
    published_tables,
)

TABLES = {table.title: table for table in published_tables()}


def test_every_table_has_a_source_and_rows() -> None:
    for table in published_tables():
        assert table.rows, table.title
        assert table.citation, table.title
        assert table.source, table.title
        for row in table.rows:
            assert row.percent, row.method
            assert all(0 <= value <= 100 for value in row.percent.values()), row.method


@pytest.mark.parametrize(
    "title", ["ZEAL", "T3AL", "T3AL, reproduced by a user", "FreeZAD", "ZAR, ablations"]
)
def test_the_tables_are_there(title: str) -> None:
    assert any(name.startswith(title) for name in TABLES)


def test_the_average_of_a_row_is_that_of_its_thresholds() -> None:
    checked = 0
    for table in published_tables():
        for row in table.rows:
            tiou = [v for name, v in row.percent.items() if name.startswith("mAP@")]
            if tiou:
                # Rounded to one decimal, the average from unrounded thresholds.
                average = row.percent["average_mAP"]
                assert average == pytest.approx(sum(tiou) / len(tiou), abs=0.1), row.method
                checked += 1
    assert checked == 14


def test_every_cell_that_is_named_is_in_the_matrix() -> None:
    cells = matrix_design("thumos14", []).cells()
    named = [row.cell for table in published_tables() for row in table.rows if row.cell]
    assert named
    assert all(cell in cells for cell in named)


def test_a_cell_knows_what_it_may_be_compared_with() -> None:
    cell = Cell(
        protocol="zeal-paper", videos="test-212", classes="random-50/50", candidates="known"
    )
    (found,) = comparable("thumos14", cell)
    assert found.short == "ZEAL, LLaVA-OneVision-7B, video labels known 16"
    assert comparable("activitynet13", cell) == []
    other = cell.model_copy(update={"videos": "test-211"})
    assert comparable("thumos14", other) == []


def test_a_misspelt_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="citaton"):
        PublishedTable.model_validate(TABLES["ZEAL"].model_dump() | {"citaton": "?"})
