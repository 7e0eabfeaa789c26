"""Ground truth and predictions in the JSON format of ActivityNet, checked line by line."""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from zs_dagster.errors import InputError
from zs_dagster.files import write_text
from zs_dagster.segments import LabelledSegments

Row = tuple[str, str, float, float, float]


def read_ground_truth(path: Path, *, subset: str | None = None) -> LabelledSegments:
    """Read annotated segments: ``database.{video}.annotations[].{label,segment}``.

    Args:
        path: JSON file.
        subset: Read only videos whose ``subset`` is this, such as "validation"; all if None.

    Returns:
        Segments with score 1, in the order of the file.

    Raises:
        InputError: If the file cannot be read, is not JSON, or an entry breaks a rule; the
            message names file, video and entry.
    """
    rows: list[Row] = []
    for video, entry in _videos(path, "database", "ground truth"):
        where = f"{path}: video '{video}'"
        if not isinstance(entry, dict) or not isinstance(entry.get("annotations"), list):
            raise InputError(f"{where} must have a list 'annotations', got {_shown(entry)}")
        if subset is not None and entry.get("subset") != subset:
            continue
        for i, annotation in enumerate(entry["annotations"]):
            spot = f"{where}, annotation {i}"
            rows.append((video, *_labelled(annotation, spot), 1.0))
    return LabelledSegments.from_rows(rows)


def read_predictions(path: Path) -> LabelledSegments:
    """Return the segments of `read_listed_predictions`."""
    return read_listed_predictions(path)[0]


def read_listed_predictions(path: Path) -> tuple[LabelledSegments, tuple[str, ...]]:
    """Read scored segments: ``results.{video}[].{label,score,segment}``.

    Args:
        path: JSON file; other top-level keys, such as "version", are ignored.

    Returns:
        Segments in the order of the file; the videos it lists, those without any too.

    Raises:
        InputError: If the file cannot be read, is not JSON, or an entry breaks a rule; the
            message names file, video and entry.
    """
    rows: list[Row] = []
    listed: list[str] = []
    for video, entry in _videos(path, "results", "predictions"):
        listed.append(video)
        where = f"{path}: video '{video}'"
        if not isinstance(entry, list):
            raise InputError(f"{where} must hold a list of predictions, got {_shown(entry)}")
        for i, prediction in enumerate(entry):
            spot = f"{where}, prediction {i}"
            label, start_s, end_s = _labelled(prediction, spot)
            score = _number(prediction.get("score"), f"{spot}: score")
            rows.append((video, label, start_s, end_s, score))
    return LabelledSegments.from_rows(rows), tuple(listed)


def write_predictions(
    path: Path, predictions: LabelledSegments, *, videos: Sequence[str] = ()
) -> None:
    """Write a submission file of ActivityNet, best prediction of each video first.

    The file is replaced as a whole: whoever reads it sees the old or the new one.

    Args:
        path: File to write.
        predictions: Scored segments.
        videos: Videos to list even if nothing was found in them.
    """
    results: dict[str, list[dict[str, Any]]] = {video: [] for video in videos}
    segments = predictions.segments
    for row in (-segments.score).argsort(kind="stable").tolist():
        results.setdefault(str(predictions.video_id[row]), []).append(
            {
                "label": str(predictions.label[row]),
                "score": float(segments.score[row]),
                "segment": [float(segments.start_s[row]), float(segments.end_s[row])],
            }
        )
    content = {"version": "VERSION 1.3", "results": dict(sorted(results.items()))}
    text = json.dumps({**content, "external_data": {}}, allow_nan=False, indent=1)
    write_text(path, text + "\n")


def _videos(path: Path, key: str, content: str) -> Iterator[tuple[str, Any]]:
    """Entries of the mapping under the top-level key of a file."""
    document = _load(path)
    if not isinstance(document, dict) or not isinstance(document.get(key), dict):
        raise InputError(
            f"{path}: {content} in ActivityNet format must be an object with an object "
            f"'{key}', got {_shown(document)}"
        )
    yield from document[key].items()


def _load(path: Path) -> Any:  # noqa: ANN401 - JSON may be anything
    """Parse a JSON file strictly: no NaN, no repeated keys."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text at byte {error.start}") from error
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}: not valid JSON, line {error.lineno} column {error.colno}: {error.msg}"
        ) from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (RecursionError, ValueError) as error:
        raise InputError(f"{path}: not usable JSON: {error}") from error


def _refuse(constant: str) -> NoReturn:
    """Refuse the literals that Python reads although JSON does not have them."""
    raise InputError(f"numbers must be finite, got the literal {constant}; remove the entry")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; refuse one that names a key twice, of which one would be lost."""
    entry = dict(pairs)
    if len(entry) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in entry if names.count(name) > 1)
        raise InputError(f"key '{twice}' comes twice in one object; merge the two entries")
    return entry


def _labelled(entry: Any, spot: str) -> tuple[str, float, float]:  # noqa: ANN401 - JSON
    """Label, start and end of an annotation or a prediction."""
    if not isinstance(entry, dict):
        raise InputError(f"{spot} must be an object, got {_shown(entry)}")
    label, segment = entry.get("label"), entry.get("segment")
    if not isinstance(label, str) or not label:
        raise InputError(f"{spot}: label must be a text, got {_shown(label)}")
    if not isinstance(segment, list) or len(segment) != 2:
        raise InputError(f"{spot}: segment must be [start, end], got {_shown(segment)}")
    start_s = _number(segment[0], f"{spot}: start")
    end_s = _number(segment[1], f"{spot}: end")
    if start_s < 0 or end_s < start_s:
        raise InputError(
            f"{spot}: segment must satisfy 0 <= start <= end, got [{start_s:g}, {end_s:g}]"
        )
    return label, start_s, end_s


def _number(value: Any, what: str) -> float:  # noqa: ANN401 - JSON
    """A finite number, not a text that looks like one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{what} must be a number, got {_shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InputError(f"{what} must be finite, got {_shown(value)}")
    return number


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON
    """A value as one short line for a message."""
    if isinstance(value, dict):
        return f"an object with the keys {', '.join(map(repr, list(value)[:5])) or 'none'}"
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
