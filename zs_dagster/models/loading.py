"""Models by profile, loaded when first used and once per process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zs_dagster.digests import digest
from zs_dagster.errors import ModelError
from zs_dagster.models.clip import OpenClipEncoder, clip_fingerprint
from zs_dagster.models.llm.local import LocalLlm
from zs_dagster.models.llm.server import ServerLlm
from zs_dagster.models.lvlm.source import find_source
from zs_dagster.models.profiles import Lvlm, LvlmServer, load_profile
from zs_dagster.models.protocols import YesNoScorer
from zs_dagster.models.weights import how_to_get_weights, missing_weights

if TYPE_CHECKING:
    from zs_dagster.models.lvlm.scorer import TransformersScorer
    from zs_dagster.models.server.scorer import ServerScorer


@dataclass(frozen=True)
class Models:
    """The models of every profile.

    Attributes:
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    """

    device: str = "auto"

    def clip_fingerprint(self, profile: str) -> str:
        """Identify the CLIP of a profile without loading it."""
        clip = load_profile(profile).clip
        return clip_fingerprint(clip.model, clip.pretrained, clip.dtype)

    def lvlm_fingerprint(self, profile: str) -> str:
        """Identify the LVLM of a profile without loading it; may ask the hub or the server."""
        lvlm = load_profile(profile).lvlm
        if isinstance(lvlm, LvlmServer):
            return _server(lvlm).fingerprint
        with _remedy(profile):
            source = find_source(lvlm.model, lvlm.revision)
        return source.fingerprint(lvlm.dtype, lvlm.tokens, lvlm.image)

    def clip(self, profile: str) -> OpenClipEncoder:
        """Load the CLIP of a profile: both a frame and a text encoder."""
        with _remedy(profile):
            return _clip(profile, self.device)

    def scorer(self, profile: str) -> YesNoScorer:
        """Load the LVLM of a profile, or name the server that holds it."""
        lvlm = load_profile(profile).lvlm
        if isinstance(lvlm, LvlmServer):
            return _server(lvlm)
        with _remedy(profile):
            return _scorer(lvlm, self.device)

    def answers(self, profile: str) -> dict[str, Any]:
        """Return the tokens that the LVLM of a profile answers with; loads or asks it."""
        lvlm = load_profile(profile).lvlm
        if isinstance(lvlm, LvlmServer):
            return _server(lvlm).spelled_answers
        with _remedy(profile):
            return _scorer(lvlm, self.device).spelled_answers

    def llm(self, profile: str) -> ServerLlm | LocalLlm:
        """Return the language model of a profile; loaded or reached when first asked."""
        llm = load_profile(profile).named_llm()
        return ServerLlm(llm) if llm.runs == "server" else LocalLlm(llm, self.device)


def declared_lvlm(profile: str) -> str:
    """Identify the LVLM of a profile as far as that needs no hub and no server.

    For the version of assets, which is read wherever definitions are loaded.
    """
    lvlm = load_profile(profile).lvlm
    if isinstance(lvlm, LvlmServer):
        # Only the place says which model "auto" may be.
        place = lvlm.base_url if lvlm.model == "auto" else ""
        return digest("lvlm-server", lvlm.model, place, lvlm.tokens, lvlm.image_format)
    if Path(lvlm.model).is_dir():
        return Models().lvlm_fingerprint(profile)
    way = () if lvlm.image == "full" else (lvlm.image,)
    return digest("lvlm", lvlm.model, lvlm.revision, lvlm.dtype, lvlm.tokens, *way)


@contextmanager
def _remedy(profile: str) -> Iterator[None]:
    """Say how to get weights that are neither here nor could be downloaded."""
    try:
        yield
    except ModelError as error:
        missing = missing_weights(profile)
        if not missing:
            raise
        raise ModelError(
            f"the weights of profile '{profile}' must be here or on a hub that can be reached, "
            f"found no {' and no '.join(missing)}; get them where there is internet "
            f"({how_to_get_weights(profile)}) and point HF_HOME to that cache ({error})"
        ) from error


@lru_cache(maxsize=2)
def _clip(profile: str, device: str) -> OpenClipEncoder:
    clip = load_profile(profile).clip
    return OpenClipEncoder(
        clip.model, clip.pretrained, device=device, batch=clip.batch, dtype=clip.dtype
    )


@lru_cache(maxsize=4)
def _server(server: LvlmServer) -> "ServerScorer":
    """Meet a server once per process: its model and mode then hold for all answers."""
    from zs_dagster.models.server.scorer import ServerScorer

    return ServerScorer(server)


@lru_cache(maxsize=1)
def _scorer(lvlm: Lvlm, device: str) -> "TransformersScorer":
    from zs_dagster.models.lvlm.loading import load_scorer

    return load_scorer(
        lvlm.model,
        revision=lvlm.revision,
        tokens=lvlm.tokens,
        dtype=lvlm.dtype,
        device=device,
        image=lvlm.image,
        batch_frames=lvlm.batch_frames,
        compile=lvlm.compile,
    )
