"""Captions that nobody can train on stop a run, whichever stage reads them first."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.assets.test_train import make, write_captions
from zs_dagster.errors import DatasetError

if TYPE_CHECKING:
    from tests.assets.conftest import Run
    from tests.conftest import TinyHome

    RunJob = Callable[..., Run]


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([], "no-caption: 1 (the files hold no caption); give a file with captions"),
        ([("v0", 0, 99, "far")], "caption-outside-video: 1 ('v0' 0 to 99 s of 3 s"),
        ([("v0", 0, 1, "")], "empty-caption: 1 ('v0' 0 to 1 s); write the sentence"),
    ],
)
def test_captions_that_cannot_be_used_are_refused_before_anything_is_encoded(
    tiny: "TinyHome", run_train: "RunJob", rows: list[Any], rule: str
) -> None:
    make(tiny)
    write_captions(tiny, rows)
    run_train(tiny, only=["videos"])
    with pytest.raises(DatasetError) as error:
        run_train(tiny, only=["captions"])
    assert rule in str(error.value)
    assert str(error.value).startswith("captions of dataset 'tiny-captions': ")
    with pytest.raises(DatasetError) as again:
        run_train(tiny, only=["frame_features"])
    assert str(again.value) == str(error.value)
