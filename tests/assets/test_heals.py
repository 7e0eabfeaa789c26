"""An ordinary run heals a home in which files were damaged."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from zs_dagster.home import Home

if TYPE_CHECKING:
    from tests.assets.conftest import Finished
    from tests.conftest import TinyHome

TABLES = ("frame_features", "candidate_classes", "segments", "localization_metrics")
PROVENANCE = frozenset({"run_id", "created_at", "git_commit"})


def flip_a_bit(path: Path) -> None:
    damaged = bytearray(path.read_bytes())
    damaged[-3] ^= 4
    path.write_bytes(damaged)


def rows(home: Home, table: str) -> list[dict[str, Any]]:
    found = home.tables.rows(table, "tiny")
    return [{k: settled(v) for k, v in row.items() if k not in PROVENANCE} for row in found]


def settled(value: object) -> object:
    """Drop the last digits: a text encoded alone differs by 6e-8 from one in a batch."""
    return round(value, 5) if isinstance(value, float) else value


def test_one_more_run_makes_all_damaged_files_anew(
    again: "TinyHome",
    finished: "Finished",
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zs_dagster.cli.graph import materialise, prepare_environment

    monkeypatch.setenv("DAGSTER_HOME", str(again.root / "dagster"))
    home = Home(prepare_environment().root)
    damaged = [
        min((home.store.root / kind).rglob("*.safetensors"))
        for kind in ("frame_features", "class_embeddings", "frame_confidence")
    ]
    damaged.append(home.tables.path("segments", "tiny"))
    part = home.tables.parts("frame_confidence", "tiny")[0]
    damaged.append(home.tables.path("frame_confidence", "tiny", part))
    for path in damaged:
        flip_a_bit(path)
    outcome = materialise("tiny", "localize", {})
    assert "is damaged" in (said := capsys.readouterr().err)
    assert said.strip().endswith("; running once more")
    assert all(path.is_file() for path in damaged)
    assert list(home.store.damaged()) == list(home.tables.damaged()) == []
    for table in TABLES:
        assert rows(home, table) == rows(finished.home, table), table
    # What was whole was not computed again.
    assert outcome.stages["frame_features"]["computed"] == 1
    assert outcome.stages["frame_confidence"]["computed"] == 1
