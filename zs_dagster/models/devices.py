"""Which device a model runs on."""

from zs_dagster.errors import ModelError


def choose_device(wanted: str) -> str:
    """Resolve ``auto`` to the GPU where there is one, and check an explicit wish.

    Raises:
        ModelError: If a GPU is asked for and there is none.
    """
    import torch

    has_gpu = torch.cuda.is_available()
    if wanted == "auto":
        return "cuda" if has_gpu else "cpu"
    if wanted.startswith("cuda") and not has_gpu:
        raise ModelError(f"device '{wanted}' needs a CUDA GPU, found none; use device: auto")
    return wanted
