"""Which tokens were read as yes and as no, kept when a model answers.

Whoever later asks where a score comes from need not load the model for it.
"""

from typing import Any

from zs_dagster.home import Home

KIND = "answer_tokens"


def record(home: Home, fingerprint: str, answers: dict[str, Any]) -> None:
    """Keep the answer tokens of an LVLM under its fingerprint."""
    home.store.save_document(KIND, fingerprint, answers)


def known(home: Home, fingerprint: str) -> dict[str, Any] | None:
    """Return what was kept; none where every score is older than this record."""
    return home.store.load_document(KIND, fingerprint)
