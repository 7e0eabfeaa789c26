"""What the machine must have: packages, a device, decoders, a home with space in it."""

import shutil
from importlib.metadata import version

from zs_dagster.cli.graph import prepare_environment, unwritable
from zs_dagster.errors import ZsDagsterError
from zs_dagster.home import Home

MIN_FREE_GB = 2.0
PACKAGES = ("dagster", "duckdb", "torch", "open_clip_torch", "transformers", "av")
CODECS = ("h264", "hevc", "vp9", "av1")


def packages(_: Home, __: bool) -> str:
    """Are the packages there, and which versions?"""
    return ", ".join(f"{name} {version(name)}" for name in PACKAGES)


def device(_: Home, __: bool) -> str:
    """Say where models would run."""
    import torch

    if torch.cuda.is_available():
        memory_gb = torch.cuda.get_device_properties(0).total_memory / 1e9
        return f"GPU {torch.cuda.get_device_name(0)}, {memory_gb:.0f} GB"
    return f"CPU, {torch.get_num_threads()} threads; fine for the demo, slow for real models"


def codecs(_: Home, __: bool) -> str:
    """Can the formats be decoded that most videos have?"""
    from av.codec import codecs_available
    from av.codec.codec import Codec, UnknownCodecError

    def has_decoder(name: str) -> bool:
        try:
            return name in codecs_available and bool(Codec(name, "r").is_decoder)
        except UnknownCodecError:
            return False

    missing = [name for name in CODECS if not has_decoder(name)]
    if missing:
        raise ZsDagsterError(
            f"PyAV must decode {', '.join(CODECS)}, it lacks {', '.join(missing)}; install "
            "its wheel instead of a build of your own"
        )
    return f"decoders for {', '.join(CODECS)}"


def writable(home: Home, _: bool) -> str:
    """May the home be written to?"""
    prepare_environment()
    probe = home.root / ".doctor"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise unwritable(home, error.strerror) from error
    return str(home.root)


def disk(home: Home, _: bool) -> str:
    """Is there space on the disk of the home?"""
    # A home that could not be made has the disk of the folder it would be in.
    place = next(path for path in (home.root, *home.root.parents) if path.exists())
    free_gb = shutil.disk_usage(place).free / 1e9
    if free_gb < MIN_FREE_GB:
        raise ZsDagsterError(
            f"free disk must be at least {MIN_FREE_GB:g} GB, got {free_gb:.1f} GB at "
            f"'{home.root}'; free some, or set ZS_HOME to another disk"
        )
    return f"{free_gb:.0f} GB free"
