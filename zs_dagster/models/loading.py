"""Models by profile, loaded when first used and once per process."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from zs_dagster.digests import digest, folder_digest
from zs_dagster.models.clip import OpenClipEncoder, clip_fingerprint
from zs_dagster.models.profiles import Lvlm, Profile, load_profile
from zs_dagster.models.protocols import YesNoScorer

LVLM_STAGE_VERSION = "1"


@dataclass(frozen=True)
class Models:
    """The models of every profile.

    Attributes:
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    """

    device: str = "auto"

    def profile(self, name: str) -> Profile:
        """Return a profile by name."""
        return load_profile(name)

    def clip_fingerprint(self, profile: str) -> str:
        """Identify the CLIP of a profile without loading it."""
        clip = load_profile(profile).clip
        return clip_fingerprint(clip.model, clip.pretrained)

    def lvlm_fingerprint(self, profile: str) -> str:
        """Identify the LVLM of a profile without loading it."""
        return lvlm_fingerprint(load_profile(profile).lvlm)

    def clip(self, profile: str) -> OpenClipEncoder:
        """Load the CLIP of a profile: both a frame and a text encoder."""
        return _clip(profile, self.device)

    def scorer(self, profile: str) -> YesNoScorer:
        """Load the LVLM of a profile."""
        return _scorer(profile, self.device)


def lvlm_fingerprint(lvlm: Lvlm) -> str:
    """Digest of what shapes the answers; batch size and mode do not.

    A local folder is identified by the bytes of its files, a published model by name and
    revision: pin the revision where numbers must stay comparable.
    """
    folder = Path(lvlm.model)
    weights = folder_digest(folder) if folder.is_dir() else f"{lvlm.model}@{lvlm.revision}"
    return digest("lvlm", LVLM_STAGE_VERSION, weights, lvlm.dtype, lvlm.tokens)


@lru_cache(maxsize=2)
def _clip(profile: str, device: str) -> OpenClipEncoder:
    clip = load_profile(profile).clip
    return OpenClipEncoder(clip.model, clip.pretrained, device=device, batch=clip.batch)


@lru_cache(maxsize=1)
def _scorer(profile: str, device: str) -> YesNoScorer:
    from zs_dagster.models.lvlm.loading import load_scorer

    lvlm = load_profile(profile).lvlm
    return load_scorer(
        lvlm.model,
        revision=lvlm.revision,
        tokens=lvlm.tokens,
        dtype=lvlm.dtype,
        device=device,
        batch_frames=lvlm.batch_frames,
    )
