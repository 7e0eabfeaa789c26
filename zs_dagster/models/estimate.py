"""What scoring would cost with the LVLM of a profile, as far as files on this machine tell."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from zs_dagster.errors import ModelError
from zs_dagster.models.cost import TERA, lvlm_cost
from zs_dagster.models.loading import Models
from zs_dagster.models.lvlm.source import find_source
from zs_dagster.models.profiles import Lvlm, load_profile

Cost = tuple[float, float]
"""TFLOP of one frame: all questions in one forward, and one forward per question."""


@contextmanager
def offline() -> Iterator[None]:
    """Keep the hub's client to its cache while the block runs."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def fingerprint_here(profile: str) -> str | None:
    """Identify the LVLM of a profile without asking a hub or server; none if that needs one."""
    if not isinstance(load_profile(profile).lvlm, Lvlm):
        return None
    try:
        with offline():
            return Models().lvlm_fingerprint(profile)
    except ModelError:
        return None


@dataclass
class ScoringCost:
    """Cost per frame, remembered by frame size and number of questions.

    Questions differ by a few tokens, images by thousands: one layout per size and number is
    enough for an estimate.

    Attributes:
        profile: Name of the profile.
        reason: Why a cost could not be told; empty so far.
    """

    profile: str
    reason: str = ""
    _known: dict[tuple[tuple[int, int], int], Cost | None] = field(default_factory=dict)

    def of(self, size: tuple[int, int], questions: Sequence[str]) -> Cost | None:
        """Return the cost of one frame of ``(height, width)`` pixels, or none."""
        key = (size, len(questions))
        if key not in self._known:
            try:
                self._known[key] = self._count(size, questions)
            except ModelError as error:
                self.reason, self._known[key] = str(error), None
        return self._known[key]

    def _count(self, size: tuple[int, int], questions: Sequence[str]) -> Cost:
        lvlm = load_profile(self.profile).lvlm
        if not isinstance(lvlm, Lvlm):
            raise ModelError("a server does not say what its model computes")
        if lvlm.image != "full":
            raise ModelError(f"FLOPs with image: {lvlm.image} are not counted")
        # Imported here: transformers takes seconds, and a finished dataset needs none of it.
        from zs_dagster.models.lvlm.layout import frame_layout, model_config

        with offline():
            source = find_source(lvlm.model, lvlm.revision)
            cost = lvlm_cost(model_config(source))
            layout = frame_layout(source, size, questions)
        return cost.shared(layout) / TERA, cost.naive(layout) / TERA
