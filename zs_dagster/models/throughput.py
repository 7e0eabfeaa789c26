"""How fast a model was on a device, so that a dry run can say hours."""

from zs_dagster.digests import digest
from zs_dagster.home import Home

KIND = "throughput"
FIELDS = ("frames", "answers", "seconds")


def record(
    home: Home, fingerprint: str, device: str, *, frames: int, answers: int, seconds: float
) -> None:
    """Add what one run took to what is known of a model on a device.

    Args:
        home: Where it is kept, one document per model and device.
        fingerprint: Of the LVLM.
        device: What `device_name` says.
        frames: Frames that were scored.
        answers: Frames times the prompts asked about each.
        seconds: From frames to answers; loading the model is left out. 0 keeps nothing.
    """
    if not frames or seconds <= 0:
        return
    key = _key(fingerprint, device)
    known = home.store.load_document(KIND, key) or {}
    new = {"frames": frames, "answers": answers, "seconds": seconds}
    total = {name: known.get(name, 0) + new[name] for name in FIELDS}
    home.store.save_document(KIND, key, {"fingerprint": fingerprint, "device": device, **total})


def frames_per_second(home: Home, fingerprint: str, device: str) -> float | None:
    """Return the mean of all recorded runs; none where there was no run."""
    known = home.store.load_document(KIND, _key(fingerprint, device))
    if known is None or not known.get("seconds"):
        return None
    return float(known["frames"] / known["seconds"])


def device_name(device: str = "auto") -> str:
    """Name the device a model would run on: the model of the GPU, or the threads of the CPU.

    Raises:
        ModelError: If a GPU is asked for and there is none.
    """
    import torch

    from zs_dagster.models.devices import choose_device

    chosen = choose_device(device)
    if chosen.startswith("cuda"):
        return torch.cuda.get_device_name(torch.device(chosen))
    return f"CPU, {torch.get_num_threads()} threads"


def _key(fingerprint: str, device: str) -> str:
    return digest(KIND, fingerprint, device)
