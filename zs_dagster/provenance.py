"""Where a number comes from: the commit of the code, the packages and the time."""

import platform
import shutil
import subprocess
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

UNKNOWN = "unknown"
# Tag of a run that a person waits for, with the process that executes it.
PROCESS_TAG = "zs_dagster/process"
# What can change a number: it decodes, computes or carries it.
PACKAGES = (
    *("av", "dagster", "decord", "duckdb", "numpy", "open_clip_torch", "pillow", "pyarrow"),
    *("tokenizers", "torch", "torchvision", "transformers", "zs-dagster"),
)


@lru_cache(maxsize=1)
def git_commit() -> str:
    """Return the commit of the checkout, with ``-dirty`` for uncommitted changes."""
    git = shutil.which("git")
    if git is None:
        return UNKNOWN
    command = [git, "describe", "--always", "--dirty", "--abbrev=12", "--exclude", "*"]
    folder = Path(__file__).parent
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() or UNKNOWN


def utc_now() -> str:
    """Return the time as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def environment() -> dict[str, str]:
    """Return the versions of Python and of the packages that can change a number."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def portable_name(place: str) -> str:
    """Return the last part of a path, and what is no path as it is.

    A card is read on other machines, and the folders of this one are nobody's business.
    """
    scheme, colon, rest = place.rpartition(":")
    path = Path(rest).expanduser()
    return (
        f"{scheme}{colon}{path.name}" if path.is_absolute() or rest.startswith(".") else place
    )
