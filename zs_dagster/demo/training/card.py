"""The model card, written out of `metrics.json` so that no number is typed by hand."""

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open

from zs_dagster.demo.training.vision import HEADS, LAYERS, WIDTH
from zs_dagster.demo.world import COLOURS, HELD_OUT, SEEN, SHAPES

FILES = {"clip": "clip/open_clip_model.safetensors", "lvlm": "lvlm/model.safetensors"}
COLUMNS = ("seen", "validation", "test")
ROWS = (
    ("LVLM, yes-recall, stills", "stills", "yes_recall"),
    ("LVLM, no-recall, stills", "stills", "no_recall"),
    ("LVLM, yes-recall, video frames", "videos", "yes_recall"),
    ("LVLM, no-recall, video frames", "videos", "no_recall"),
    ("CLIP, top-1 of the names of all pairs, one thing", "one thing", "clip_top1"),
    ("CLIP, AUC of presence, stills", "stills", "clip_presence_auc"),
    ("CLIP, AUC of presence, video frames", "videos", "clip_presence_auc"),
)
TEXT = """\
# Two small models of a drawn world

Trained from nothing on drawn shapes, so that `zs_dagster` runs offline and can be judged.
They know nothing else. `metrics.json` beside this file holds the numbers below.

| | architecture | parameters | bytes (fp16) |
|---|---|--:|--:|
| `clip/` | open_clip CLIP: ViT of {layers} layers, width {width}, {heads} heads, 64 px, \
patch 8; text of 2 layers; one token a word | {clip_parameters:,} | {clip_bytes:,} |
| `lvlm/` | LLaVA-OneVision: SigLIP of {layers} layers, width {width}, {heads} heads, 64 px, \
patch 8; Qwen2 of 4 layers; one token a word | {lvlm_parameters:,} | {lvlm_bytes:,} |

## Training

Frames, captions and questions are drawn while training, none twice: {num_colours} colours x
{num_shapes} shapes make {num_pairs} pairs, of which {num_seen} are seen. The {num_validation}
pairs of the validation videos (for decisions) and the {num_test} pairs of the test videos (for
reports) occur in no frame, caption or question of the training; a test drives the stream.

    {command}

{training}

## Accuracy

Held-out pairs were never seen in training. Truths between 0.2 and 0.8 are left out. Videos are
decoded H.264 files, one frame every two seconds, asked the questions of the query bank.

| | seen pairs | validation pairs | test pairs |
|---|--:|--:|--:|
{rows}

Fewest clear "yes" behind one of these recalls: {num_yes}. One training run; its spread is
unknown.

## Limits

Words outside the drawn world are one and the same unknown token, and photographs mean nothing
to either model. A single frame does not tell rising from falling, so CLIP does not either.
Questions must ask for a state (`Is the red ball at the bottom?`), as in `queries.yaml`.
"""


def write_card(folder: Path, metrics: dict[str, Any]) -> None:
    """Write `metrics.json` and `MODEL_CARD.md` beside the models of a folder."""
    sizes: dict[str, Any] = {}
    for name, file in FILES.items():
        sizes[f"{name}_parameters"] = _count(folder / file)
        sizes[f"{name}_bytes"] = (folder / file).stat().st_size
    text = TEXT.format(
        **sizes,
        layers=LAYERS,
        width=WIDTH,
        heads=HEADS,
        num_colours=len(COLOURS),
        num_shapes=len(SHAPES),
        num_pairs=len(COLOURS) * len(SHAPES),
        num_seen=len(SEEN),
        num_validation=len(HELD_OUT["validation"]),
        num_test=len(HELD_OUT["test"]),
        command=metrics["training"]["command"],
        training=_training(metrics["training"]),
        rows="\n".join(_row(metrics["accuracy"], *row) for row in ROWS),
        num_yes=_fewest_yes(metrics["accuracy"]),
    )
    (folder / "metrics.json").write_text(json.dumps({**metrics, **sizes}, indent=1) + "\n")
    (folder / "MODEL_CARD.md").write_text(text)


def _count(path: Path) -> int:
    with safe_open(path, "np") as file:
        return sum(int(file.get_tensor(name).size) for name in file.keys())  # noqa: SIM118


def _training(record: dict[str, Any]) -> str:
    steps = ", ".join(f"{count} of {stage}" for stage, count in record["steps"].items())
    return (
        f"Seed {record['seed']}; steps: {steps}. {record['wall_s'] / 60:.0f} minutes of wall "
        f"time and {record['cpu_s'] / 60:.0f} of CPU time on {record['device']}, "
        f"torch {record['torch']}."
    )


def _row(accuracy: dict[str, Any], title: str, material: str, measure: str) -> str:
    cells = [f"{accuracy[material][group][measure]:.3f}" for group in COLUMNS]
    return f"| {title} | {' | '.join(cells)} |"


def _fewest_yes(accuracy: dict[str, Any]) -> int:
    return min(
        int(accuracy[material][group]["num_yes"])
        for material in ("stills", "videos")
        for group in COLUMNS
    )
