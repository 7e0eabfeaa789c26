"""Texts about classes from a file."""

from pathlib import Path

import pytest

from zs_dagster.datasets.class_texts import read_class_texts
from zs_dagster.errors import DatasetError


def test_a_text_and_a_list_of_texts_are_read(tmp_path: Path) -> None:
    path = tmp_path / "texts.yaml"
    path.write_text("jump: A person leaves the ground.\nrun: [fast, ' ', legs]\nother: x\n")
    found = read_class_texts(path, ["run", "jump"])
    assert found == {"run": ["fast", "legs"], "jump": ["A person leaves the ground."]}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "run: fast",
            "every class must have a text; 1 of 2 have none, such as 'jump'; write one",
        ),
        ("run: fast\njump: ['']", "every class must have a text; 1 of 2"),
        ("run: fast\njump: 3", "jump: must be a text or a list of texts, got 3"),
        ("[run]", "must map every class to a text or a list of texts"),
    ],
)
def test_a_class_without_text_is_named(tmp_path: Path, text: str, rule: str) -> None:
    path = tmp_path / "texts.yaml"
    path.write_text(text)
    with pytest.raises(DatasetError) as error:
        read_class_texts(path, ["run", "jump"])
    assert str(error.value).startswith(f"{path}")
    assert rule in str(error.value)
