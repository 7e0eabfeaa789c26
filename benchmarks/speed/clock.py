"""Clocks of CPU and GPU, the rate of matrix products, and operations that are counted."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

ATTENTION = [
    torch.ops.aten._scaled_dot_product_flash_attention,
    torch.ops.aten._scaled_dot_product_efficient_attention,
    torch.ops.aten._scaled_dot_product_cudnn_attention,
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu,
]


class Clock:
    """CPU seconds of this process, or seconds of the wall around a GPU."""

    def __init__(self, device: str) -> None:
        self.is_gpu = device == "cuda"
        self.unit = "s" if self.is_gpu else "cpu_s"

    def seconds(self, work: Callable[[], object]) -> float:
        """Time one call."""
        before = self._now()
        work()
        return self._now() - before

    def _now(self) -> float:
        if self.is_gpu:
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time()


def gemm_rate(clock: Clock, device: str, dtype: torch.dtype) -> float:
    """FLOP per second of a large matrix product, the best of a few."""
    size = 8192 if clock.is_gpu else 1024
    left, right = (torch.randn(size, size, dtype=dtype, device=device) for _ in range(2))
    product = torch.mm(left, right)
    took = [clock.seconds(lambda: torch.mm(left, right, out=product)) for _ in range(10)]
    return 2 * size**3 / min(took)


def flops(work: Callable[[], object]) -> int:
    """Count the floating point operations of one call."""
    with FlopCounterMode(display=False, custom_mapping=dict.fromkeys(ATTENTION, sdpa)) as count:
        work()
    return int(count.get_total_flops())


def sdpa(query: Any, key: Any, value: Any, *_: object, **__: object) -> int:  # noqa: ANN401
    """Count attention from its shapes; torch 2.11 refuses key heads that are shared."""
    batch, heads, rows, size = query
    return int(2 * batch * heads * rows * key[2] * (size + value[3]))


def least(clock: Clock, work: Callable[[], object], rounds: int) -> float:
    """Time a call after a first one that warms up; the least of a few."""
    work()
    return min(clock.seconds(work) for _ in range(rounds))
