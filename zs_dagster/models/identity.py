"""Which models a number comes from, in words; the fingerprints say exactly."""

from typing import Any

from zs_dagster.home import Home
from zs_dagster.models import answers
from zs_dagster.models.loading import Models
from zs_dagster.models.lvlm.source import find_source
from zs_dagster.models.profiles import Lvlm, load_profile
from zs_dagster.provenance import portable_name

# Where a server is and which variable holds its key is not what makes a score.
PRIVATE = frozenset({"base_url", "api_key_env"})
Facts = dict[str, Any]


def clip_facts(models: Models, profile: str) -> Facts:
    """Return name and fingerprint of the CLIP of a profile."""
    said = load_profile(profile).clip.model_dump()
    return _named(said) | {"fingerprint": models.clip_fingerprint(profile)}


def lvlm_facts(models: Models, profile: str, home: Home) -> Facts:
    """Return name, revision, fingerprint and answer tokens of the LVLM of a profile.

    The fingerprint is the digest of weights, preprocessing, tokenizer, chat template, token
    policy and number type; of a model on a server only of what that says.
    """
    lvlm = load_profile(profile).lvlm
    said = lvlm.model_dump(exclude=set(PRIVATE))
    fingerprint = models.lvlm_fingerprint(profile)
    if isinstance(lvlm, Lvlm):
        said["revision"] = find_source(lvlm.model, lvlm.revision).commit
    tokens = answers.known(home, fingerprint)
    return _named(said) | {"fingerprint": fingerprint, "answer_tokens": tokens}


def _named(said: Facts) -> Facts:
    return said | {"model": portable_name(said["model"])}
