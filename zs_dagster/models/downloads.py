"""Fetching the weights of a profile from the model hub: no code, no more than is read."""

from dataclasses import dataclass
from pathlib import Path

from zs_dagster.errors import ModelError
from zs_dagster.models.profiles import load_profile
from zs_dagster.models.weights import Repository, repositories


@dataclass(frozen=True)
class Download:
    """A repository as it lies in the hub's cache.

    Attributes:
        repository: ``owner/name``.
        folder: Of the commit that was fetched.
        size_bytes: Of its files.
    """

    repository: str
    folder: Path
    size_bytes: int


def pull(profile: str) -> list[Download]:
    """Download what a profile needs; what is here already, in part or as a whole, is kept.

    Raises:
        ModelError: If the hub cannot be reached, or does not have the weights.
    """
    return [_fetch(repo) for repo in repositories(load_profile(profile))]


def _fetch(repo: Repository) -> Download:
    folder = _snapshot(repo, repo.patterns)
    if not any((folder / file).is_file() for file in repo.weights):
        # Some older CLIPs have no safetensors; torch reads these with weights_only.
        folder = _snapshot(repo, repo.weights)
    if not any((folder / file).is_file() for file in repo.weights):
        raise ModelError(
            f"'{repo.name}' must hold {' or '.join(repo.weights)}, got neither; check the "
            "model and its revision in the profile"
        )
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    return Download(repo.name, folder, size)


def _snapshot(repo: Repository, patterns: tuple[str, ...]) -> Path:
    from huggingface_hub import constants, snapshot_download

    try:
        found = snapshot_download(
            repo.name,
            revision=repo.revision,
            cache_dir=constants.HF_HUB_CACHE,
            allow_patterns=list(patterns),
            # Other formats and variants lie in folders below.
            ignore_patterns=["*/*"],
        )
    # The client raises its own errors, those of its HTTP library and those of the disk.
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"cannot download '{repo.name}': {type(error).__name__}: {reason}; run it where "
            "the model hub can be reached, and point HF_HOME to that folder here"
        ) from error
    return Path(str(found))
