"""Which device a model runs on."""

from zs_dagster.errors import ModelError


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
