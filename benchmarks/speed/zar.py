"""ZAR: prompts tuned to each clip, against encoding all of its views and whole prompts anew.

Clips are as long as those of three datasets in the mean, and told apart among their classes:

- HMDB51: 95 frames at 30 per second (an estimate, not a published number), 51 classes.
- UCF101: 7.2 s at 25 frames per second (Soomro et al., arXiv:1212.0402), 101 classes.
- Kinetics-600: 10 s, taken as 30 frames per second, a list of 160 of its new classes.

Views are those of the dataset files: 4 rates x 4 windows x 3 crops x 16 frames, and 16 whole
frames. What bounds the ratio of a cold clip is how many of these crops are the same: ours
encodes each once, and in longer clips fewer repeat. Prompts raise it, as ours passes them
twice, cut, and the reference three times, whole. The details have the ratio of all crops to
different ones and what FLOPs allow on ViT-B/16 and ViT-B/32. These are no bounds of the small
network: it has the widths of ViT-B/32 by an eighth, but its prompts take 1.3 to 2.1 times the
share of time that they have of the FLOPs of ViT-B/32, which is to the advantage of ours.
Where a clip is told apart among several lists of classes, as among the draws of half of them
that BIKE (arXiv:2301.00182) evaluates on, ours encodes its frames once for all.

The reference does what test-time scripts do: per clip and list it scales the frames of every
window, cuts three crops of each, encodes them, and all prompts of 77 tokens in one forward,
takes a step, encodes the prompts again and answers. It shares our pixels, so that preparing
them is no part of the ratio but weighs alike. Ours is the code of the graph: the bank of
`frame_features`, then `zar_predictions`; see `zar_clips`. The limit of a cold clip is preparing
and encoding its different crops, once each, and nothing else.

Usage: python benchmarks/speed/zar.py [--quick] [--json FILE].
"""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measured import Measured, cpu_s, main
from zar_clips import Clips, random_network, shapes
from zar_prompts import costs, cut_and_whole
from zar_reference import ZAR

from assets.clip_frames import final_times, zar_views
from zs_dagster.models import clip
from zs_dagster.models.clip import OpenClipEncoder
from zs_dagster.models.clip_cost import clip_cost
from zs_dagster.models.crops import crop_names
from zs_dagster.store import Store

REFERENCE = "encoding all views and whole prompts of each clip"
FEW = 4
"""Clips of which the reference and the limit are measured."""
PARITY = 1e-4
"""Of probabilities; the bank rounds features to float16."""
COLD, WARM = 3, 20
"""Goals, times the reference."""


def measure(quick: bool) -> list[Measured]:
    """Time clips that nothing is known of, that are encoded, and that are predicted."""
    logging.disable()
    torch.set_num_threads(1)
    clip.load_open_clip = random_network
    encoder, count = OpenClipEncoder("small", device="cpu"), 16 if quick else 64
    every = [Clips(encoder, shape, count) for shape in shapes()]
    _, ucf101, _ = every
    with tempfile.TemporaryDirectory() as folder:
        rows = [cold(clips, folder) for clips in every]
        again = rows[1].reference
        return [*rows, several_lists(ucf101, folder), *kept(ucf101, folder, again)]


def cold(clips: Clips, folder: str) -> Measured:
    """Time clips that nothing is known of."""
    check(clips, folder)
    growth = {
        times: fresh(folder, lambda store, n=n: clips.run(store, n))
        for times, n in works(clips).items()
    }
    return row(
        f"cold: {size(clips)}",
        growth[16],
        cpu_s(lambda: clips.again(FEW), 1) * clips.count / FEW,
        COLD,
        reference_is=f"{REFERENCE}, from {FEW} clips",
        limit=cpu_s(lambda: once(clips), 1) * clips.count / FEW,
        limit_is=f"preparing and encoding the different crops, from {FEW} clips",
        growth=growth,
        details=bounds(clips),
    )


def several_lists(clips: Clips, folder: str) -> Measured:
    """Time clips told apart among half of the classes, three times."""
    names, half = clips.shape.names, len(clips.shape.names) // 2
    lists = [names[start : start + half] for start in (0, half // 2, half)]
    return row(
        f"cold, {len(lists)} lists of {half} classes: {FEW} clips of {clips.shape.dataset}",
        fresh(folder, lambda store: clips.run(store, FEW, *lists)),
        cpu_s(lambda: clips.again(FEW, *lists), 1),
        COLD,
        reference_is=REFERENCE,
    )


def kept(clips: Clips, folder: str, again: float) -> list[Measured]:
    """Time clips whose frames are encoded, then clips whose prompts are tuned as well."""
    store = Store(Path(folder) / "kept")
    clips.encode(store, clips.count)
    tuned = cpu_s(lambda: clips.predict(store, clips.count, clips.shape.names), 1)
    warm = {times: cpu_s(lambda n=n: clips.run(store, n)) for times, n in works(clips).items()}
    of, by = size(clips), {"reference_is": f"{REFERENCE}, from {FEW} clips"}
    said = costs(clips.shape.names)
    return [
        row(f"frames encoded, not tuned: {of}", tuned, again, details=said, **by),
        row(f"warm, all in the store: {of}", warm[16], again, WARM, growth=warm, **by),
    ]


def row(
    what: str,
    ours: float,
    reference: float,
    goal: int | None = None,
    **more: Any,  # noqa: ANN401
) -> Measured:
    """Put CPU seconds of ours and of the reference into the table."""
    return Measured(
        what=f"ZAR, {what}",
        unit="CPU s",
        ours=ours,
        reference=reference,
        goal=f"{goal} times the reference" if goal else "",
        reached=ours <= reference / goal if goal else None,
        **more,
    )


def size(clips: Clips) -> str:
    """Say how much work clips are."""
    shape = clips.shape
    return (
        f"{clips.count} clips of {shape.dataset}, {shape.frames} frames, "
        f"{len(shape.names)} classes"
    )


def works(clips: Clips) -> dict[int, int]:
    """Return how many clips are 1, 4 and 16 times the work."""
    return {times: clips.count * times // 16 for times in (1, 4, 16)}


def fresh(folder: str, work: Callable[[Store], object]) -> float:
    """CPU seconds of a call upon an empty store."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        return cpu_s(lambda: work(Store(Path(name))), 1)


def check(clips: Clips, folder: str) -> None:
    """Refuse to time what answers otherwise."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        (ours,) = clips.run(Store(Path(name)), FEW)
    (theirs,) = clips.again(FEW)
    np.testing.assert_allclose(ours, theirs, atol=PARITY)
    np.testing.assert_array_equal(ours.argmax(axis=1), theirs.argmax(axis=1))


def once(clips: Clips) -> None:
    """Encode the different crops of a few clips."""
    for number in range(FEW):
        known, rgb = clips.known(None, number), clips.pictures(number)
        shown = np.searchsorted(clips.times, np.unique(zar_views(known, ZAR)))
        clips.encoder.encode_crops(rgb[shown], crop_names(ZAR.crops))
        last = np.searchsorted(clips.times, final_times(known, ZAR))
        clips.encoder.encode_frames(rgb[last])


def bounds(clips: Clips) -> dict[str, float]:
    """Count crops of frames per clip, in the mean, and what these and FLOPs allow."""
    views = [zar_views(clips.known(None, number), ZAR) for number in range(clips.count)]
    crops = len(crop_names(ZAR.crops))
    every = views[0].size * crops + ZAR.frames_eval
    different = float(np.mean([np.unique(v).size for v in views])) * crops + ZAR.frames_eval
    cut, whole = (p.ids.shape[1] for p in cut_and_whole(clips.shape.names))
    found = {
        "crops_of_views": every,
        "different_crops": different,
        "tokens_whole": whole,
        "tokens_cut": cut,
        "ratio_of_crops": every / different,
    }
    for model in ("ViT-B-16", "ViT-B-32"):
        # Weights are frozen: the way back costs as much as a pass, the first of which ours
        # makes once for all clips.
        cost, texts = clip_cost(model), len(clips.shape.names) * clip_cost(model).text
        theirs, ours = every * cost.frame + 3 * texts, different * cost.frame
        found[f"ratio_of_flops_on_{model}"] = theirs / (ours + 2 * cut / whole * texts)
    return found


if __name__ == "__main__":
    main("zar", __doc__ or "", measure)
