"""Do the models of a profile load, answer, and agree with themselves?"""

import resource
from dataclasses import dataclass
from typing import Any

from zs_dagster.errors import ModelError
from zs_dagster.models.estimate import offline
from zs_dagster.models.loading import Models
from zs_dagster.models.throughput import device_name
from zs_dagster.models.weights import how_to_get_weights, missing_weights

SIZE = (240, 320)


@dataclass(frozen=True)
class Check:
    """What a profile did with a synthetic frame.

    Attributes:
        profile: Its name.
        device: Where it ran.
        clip_width: Length of a CLIP feature.
        p_yes: Answers to the questions of the self-check.
        mode: How the LVLM is asked; none for a server.
        mode_reason: Why so.
        yes_tokens: Token ids that count as yes.
        no_tokens: Token ids that count as no.
        mass: Probability on these tokens, mean over the questions; near 0 means that the
            chat template or the tokens do not fit the model.
        memory_gb: Peak: of the GPU where there is one, else of this process.
    """

    profile: str
    device: str
    clip_width: int
    p_yes: list[float]
    mode: str | None = None
    mode_reason: str | None = None
    yes_tokens: list[int] | None = None
    no_tokens: list[int] | None = None
    mass: float | None = None
    memory_gb: float = 0.0


def check_profile(profile: str, device: str = "auto") -> Check:
    """Load both models of a profile as a run would, and ask them about a synthetic frame.

    Raises:
        ModelError: If weights are missing or broken, or outputs are unusable.
    """
    missing = missing_weights(profile)
    if missing:
        raise ModelError(
            f"profile '{profile}' lacks {' and '.join(missing)}; get them with "
            f"`{how_to_get_weights(profile)}`"
        )
    from zs_dagster.models.lvlm.selection import CHECK_QUESTIONS, synthetic_frames

    models, frame = Models(device), synthetic_frames(*SIZE)[:1]
    # What is checked is what lies here; a file that is missing must not come meanwhile.
    with offline():
        features = models.clip(profile).encode_frames(frame)
        scorer = models.scorer(profile)
    said = {
        "profile": profile,
        "device": device_name(device),
        "clip_width": features.shape[1],
        "p_yes": [round(float(p), 6) for p in scorer.score(frame, CHECK_QUESTIONS)[0]],
    }
    return Check(**said, **_inside(scorer, frame), memory_gb=round(_peak_gb(), 2))


def _inside(scorer: Any, frame: Any) -> dict[str, Any]:  # noqa: ANN401 - any YesNoScorer
    """Look into a model of this process; a server shows nothing."""
    from zs_dagster.models.lvlm.scorer import TransformersScorer

    if not isinstance(scorer, TransformersScorer):
        return {}
    answers = scorer.answers
    return {
        "mode": scorer.mode,
        "mode_reason": scorer.mode_reason,
        "yes_tokens": list(answers.yes),
        "no_tokens": list(answers.no),
        "mass": round(scorer.answer_mass(frame), 4),
    }


def _peak_gb() -> float:
    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated() / 1e9)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
