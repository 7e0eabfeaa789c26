"""Work on a GPU beside the forward pass; on a CPU, plain calls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch


class SideStream:
    """Copies and pixels on a stream of their own, so that they do not wait for the model."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream: Any = None
        if device.type == "cuda":
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call] # left bare

    @contextmanager
    def used(self) -> Iterator[None]:
        """Queue what is called here on the side stream, and wait for it at the end."""
        if self._stream is None:
            yield
            return
        with torch.cuda.stream(self._stream):
            yield
        self._stream.synchronize()

    def hand_over(self, value: torch.Tensor) -> torch.Tensor:
        """Mark a tensor as used by the model's stream, so that its memory waits for that."""
        if self._stream is not None:
            value.record_stream(torch.cuda.default_stream(self._device))
        return value


def to_host(values: torch.Tensor) -> Callable[[], torch.Tensor]:
    """Start copying a tensor to the CPU; the call that is returned waits for it."""
    if not values.is_cuda:
        return lambda: values
    host = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
    host.copy_(values, non_blocking=True)
    with torch.cuda.device(values.device):
        copied = torch.cuda.Event()  # type: ignore[no-untyped-call] # left bare
        copied.record()

    def wait() -> torch.Tensor:
        copied.synchronize()
        return host

    return wait
