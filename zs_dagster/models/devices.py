"""Which device a model runs on, and how much memory it has left."""

from pathlib import Path

from zs_dagster.errors import ModelError

_MEMORY = Path("/proc/meminfo")
# Where the system does not say; what a small machine has left.
_UNKNOWN_BYTES = 2 << 30


def has_gpu() -> bool:
    """Say whether there is a CUDA GPU."""
    import torch

    return torch.cuda.is_available()


def choose_device(wanted: str) -> str:
    """Resolve ``auto`` to the GPU where there is one, and check an explicit wish.

    Raises:
        ModelError: If a GPU is asked for and there is none.
    """
    found = has_gpu()
    if wanted == "auto":
        return "cuda" if found else "cpu"
    if wanted.startswith("cuda") and not found:
        raise ModelError(f"device '{wanted}' needs a CUDA GPU, found none; use device: auto")
    return wanted


def free_bytes(device: str) -> int:
    """Return the memory that can still be taken on ``cpu``, ``cuda`` or ``cuda:N``."""
    import torch

    if not device.startswith("cuda"):
        return _available_bytes()
    # What the allocator holds but does not use is free as well.
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + kept


def _available_bytes() -> int:
    """Memory the kernel would hand out without swapping."""
    if not _MEMORY.exists():
        return _UNKNOWN_BYTES
    lines = (line.split() for line in _MEMORY.read_text(encoding="ascii").splitlines())
    kilobytes = {words[0]: int(words[1]) for words in lines}
    return kilobytes["MemAvailable:"] * 1024
