"""Labels of whole videos in files: ground truth and ranked predictions, checked row by row."""

import csv
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from zs_dagster.errors import InputError

MAX_SHOWN = 60


class Guess(NamedTuple):
    """One predicted class of a video.

    Attributes:
        label: The class.
        probability: In [0, 1]; None where the file does not say.
        rank: 1 is best; None where the file does not say.
    """

    label: str
    probability: float | None = None
    rank: int | None = None


Guesses = dict[str, list[Guess]]


def read_labels_csv(path: Path) -> dict[str, list[str]]:
    """Read ``video,label``; other columns, such as ``start_s,end_s``, are not looked at.

    A video may have several classes, in a row each, and a class several instances.

    Returns:
        Video -> its distinct classes, both in the order of the file.

    Raises:
        InputError: If the file cannot be read, a column or value is missing, two rows are
            equal, or there is no row.
    """
    found: dict[str, list[str]] = {}
    seen: dict[tuple[str, ...], str] = {}
    for place, row in _rows(path):
        content = tuple(row.values())
        if content in seen:
            raise InputError(f"{place}: the same row as {seen[content]}; remove one of them")
        seen[content] = place
        labels = found.setdefault(row["video"], [])
        if row["label"] not in labels:
            labels.append(row["label"])
    if not found:
        raise InputError(f"{path}: ground truth must label at least one video, got none")
    return found


def read_guesses(path: Path) -> Guesses:
    """Read predictions, as JSON if the file is called so, else as CSV.

    JSON is ``{video: [[label, probability], ...]}``. CSV is ``video,label`` with optional
    columns ``probability`` and ``rank``; other columns are not looked at.

    Returns:
        Video -> its guesses in the order of the file; a video of a JSON file may have none.

    Raises:
        InputError: If the file cannot be read or is malformed, or a label comes twice in a
            video; names the line or the video.
    """
    found: Guesses = {}
    seen: set[tuple[str, str]] = set()
    rows = _json_guesses(path) if path.suffix.lower() == ".json" else _csv_guesses(path)
    for place, video, guess in rows:
        guesses = found.setdefault(video, [])
        if guess is None:
            continue
        if (video, guess.label) in seen:
            raise InputError(f"{place}: label '{guess.label}' of '{video}' comes twice")
        seen.add((video, guess.label))
        guesses.append(guess)
    return found


def ranked(guesses: Sequence[Guess], classes: Sequence[str], where: str) -> list[str]:
    """Order the guesses of a video: by rank, else by probability, else as they are.

    Equal probabilities are in the order of the classes. ``where`` begins messages.

    Raises:
        InputError: If ranks are not 1, 2, …, or probabilities rise where ranks fall.
    """
    if not guesses or (guesses[0].rank is None and guesses[0].probability is None):
        return [guess.label for guess in guesses]
    place = {name: number for number, name in enumerate(classes)}
    by_probability = sorted(guesses, key=lambda g: (-(g.probability or 0), place[g.label]))
    if guesses[0].rank is None:
        return [guess.label for guess in by_probability]
    by_rank = sorted(guesses, key=lambda g: g.rank or 0)
    if [guess.rank for guess in by_rank] != list(range(1, len(guesses) + 1)):
        numbers = ", ".join(str(guess.rank) for guess in guesses[:10])
        raise InputError(f"{where}: ranks must be 1, 2, … once each, got {numbers}")
    if [g.probability for g in by_rank] != [g.probability for g in by_probability]:
        raise InputError(
            f"{where}: rank and probability must agree, but a lower rank is more probable; "
            " leave one of the two columns out"
        )
    return [guess.label for guess in by_rank]


def _csv_guesses(path: Path) -> Iterator[tuple[str, str, Guess | None]]:
    for place, row in _rows(path):
        probability, rank = row.get("probability"), row.get("rank")
        guess = Guess(
            row["label"],
            None if probability is None else _probability(_parsed(probability), place),
            None if rank is None else _rank(rank, place),
        )
        yield place, row["video"], guess


def _json_guesses(path: Path) -> Iterator[tuple[str, str, Guess | None]]:
    document = _json(path)
    if not isinstance(document, dict):
        raise InputError(
            f"{path}: predictions must be an object of videos, got {_shown(document)}"
        )
    for video, entries in document.items():
        place = f"{path}: video '{video}'"
        if not isinstance(entries, list):
            raise InputError(f"{place} must hold a list of pairs, got {_shown(entries)}")
        yield place, video, None
        for entry in entries:
            if not isinstance(entry, list) or len(entry) != 2 or not _is_name(entry[0]):
                raise InputError(
                    f"{place}: a prediction must be [label, probability], got {_shown(entry)}"
                )
            yield place, video, Guess(entry[0].strip(), _probability(entry[1], place))


def _rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield place and fields, stripped, of each row of a CSV file with a header."""
    reader = csv.DictReader(_text(path).splitlines(), strict=True)
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        if not {"video", "label"} <= set(names) or len(set(names)) != len(names):
            raise InputError(
                f"{path}:1: the header must have the columns video,label, each name once; got "
                f"'{','.join(names):.{MAX_SHOWN}}'"
            )
        reader.fieldnames = names
        for row in reader:
            place = f"{path}:{reader.line_num}"
            if None in row or None in row.values():
                raise InputError(f"{place}: a row must have {len(names)} fields, as the header")
            fields = {name: value.strip() for name, value in row.items()}
            if not fields["video"] or not fields["label"]:
                raise InputError(f"{place}: video and label must not be empty")
            yield place, fields
    except csv.Error as error:
        # Its own count stops at the last row that was read.
        line = reader.reader.line_num
        raise InputError(f"{path}:{line}: not usable CSV: {error}") from error


def _json(path: Path) -> Any:  # noqa: ANN401 - JSON may be anything
    text = _text(path)
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not usable JSON: {error}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text at byte {error.start}") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"numbers must be finite, got {constant}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' comes twice in one object; merge the two entries")
    return dict(pairs)


def _parsed(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _probability(value: object, place: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1 or math.isnan(value):  # type: ignore[operator,arg-type]
        raise InputError(
            f"{place}: probability must be a number in [0, 1], got {_shown(value)}; give other "
            "scores as rank"
        )
    return float(value)  # type: ignore[arg-type]


def _rank(text: str, place: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise InputError(f"{place}: rank must be a whole number >= 1, got '{text:.20}'")
    return int(text)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _shown(value: object) -> str:
    """A value as one short line for a message."""
    text = "an object" if isinstance(value, dict) else repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."
