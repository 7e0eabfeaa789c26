"""What errors say about the file that was read."""

import pytest
import torch
from safetensors import SafetensorError

from zs_dagster.errors import is_damage


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SafetensorError("header too large"), True),
        (ValueError("not JSON"), True),
        (RuntimeError("shapes differ"), True),
        (OSError("no such format"), True),
        (PermissionError(13, "Permission denied"), False),
        (FileNotFoundError(2, "No such file"), False),
        (MemoryError(), False),
        (torch.OutOfMemoryError("CUDA out of memory"), False),
    ],
)
def test_only_what_is_not_as_written_is_damaged(error: Exception, expected: bool) -> None:
    assert is_damage(error) is expected
