"""A YAML file whose mistakes are told by line, key and remedy."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from zs_dagster.errors import DatasetError

# The same safe subset of YAML, in C where PyYAML was built with it: ten times as fast.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

RULES = {
    "string_type": ("must be a text", "put it in quotes"),
    "string_too_short": ("must not be empty", "write a text"),
    "string_pattern_mismatch": (
        "must be letters, digits, '_', '.' and '-', beginning with a letter or digit",
        "rename it",
    ),
    "tuple_type": ("must be a list", "write [a, b]"),
    "too_short": ("must not be empty", "add an entry"),
    "dict_type": ("must be a mapping", "write {key: value}"),
    "model_type": ("must be a mapping", "write {key: value}"),
    "model_attributes_type": ("must be a mapping", "write {key: value}"),
    "path_type": ("must be a path", "put it in quotes"),
    "float_type": ("must be a number", "write one"),
    "float_parsing": ("must be a number", "write one"),
    "int_type": ("must be a whole number", "write one"),
    "int_parsing": ("must be a whole number", "write one"),
    "int_from_float": ("must be a whole number", "write one"),
}
"""Type of a problem, as pydantic names it -> the rule broken and what to do."""


class _Loader(_Base):  # type: ignore[misc] # chosen at run time
    """Refuses a key that comes twice, of which YAML would silently forget one."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:  # noqa: ANN401
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"key '{key.value}' comes twice; remove one", key.start_mark
            )
        seen.add(key.value)
    found: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> Any:  # noqa: ANN401 - a file may hold anything
    """Read a YAML file.

    Raises:
        DatasetError: If it cannot be read or is not YAML; names file and line.
    """
    return parse_yaml(path, read_text(path))


def read_text(path: Path) -> str:
    """Read the text of a YAML file.

    Raises:
        DatasetError: If it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def parse_yaml(path: Path, text: str) -> Any:  # noqa: ANN401 - a file may hold anything
    """Return what the text of a YAML file says.

    Raises:
        DatasetError: If it is not YAML; names file and line.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - safe
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise DatasetError(f"{path}{line}: not usable YAML: {error.problem}") from error
    # A number of 5000 digits, lists in lists in lists, a list as key: PyYAML lets them through.
    except (ValueError, RecursionError, TypeError, yaml.YAMLError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DatasetError:
    return DatasetError(f"{path}: cannot be read as YAML: {' '.join(str(error).split())}")


def refusal(path: Path, error: ValidationError, model: type[BaseModel]) -> DatasetError:
    """Turn what pydantic found into one sentence about the first problem.

    Args:
        path: The file, read again for the line.
        error: What was found.
        model: The description, for the names of its keys.
    """
    problems = error.errors(include_url=False)
    # A misspelt key is why another one is missing.
    problems.sort(key=lambda problem: problem["type"] != "extra_forbidden")
    first = problems[0]
    keys = [part for part in first["loc"] if not str(part).startswith("<")]
    if keys[:1] == ["prompt_names"]:  # Written as `classes: {label: name}`.
        keys[0] = "classes"
    more = f" (and {len(problems) - 1} more problems)" if len(problems) > 1 else ""
    where = f"{path}:{line_of(path, keys, _repeated(first))}"
    return DatasetError(f"{where}: {_sentence(first, keys, model)}{more}")


def _sentence(problem: Any, keys: Sequence[Any], model: type[BaseModel]) -> str:  # noqa: ANN401
    key = ".".join(map(str, keys))
    if problem["type"] == "extra_forbidden":
        known = _names(model)
        close = get_close_matches(str(keys[-1]), known, 1)
        remedy = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
        return f"{key}: unknown key; {remedy}"
    if problem["type"] == "missing":
        return f"{key}: is required; add it"
    prefix = f"{key}: " if key else ""
    if problem["type"] == "value_error":
        message = problem["msg"].removeprefix("Value error, ")
        return f"{prefix}{message[:1].lower()}{message[1:]}"
    # Where pydantic's own words are kept they name the limits: "greater than 0", "'a' or 'b'".
    own = problem["msg"].replace("Input should be", "must be")
    rule, remedy = RULES.get(problem["type"], (own, "correct it"))
    return f"{prefix}{rule}, got {problem['input']!r:.80}; {remedy}"


def _names(model: type[BaseModel]) -> list[str]:
    """Return the keys of a description and of the descriptions inside it."""
    names = dict.fromkeys(model.model_fields)
    for field in model.model_json_schema().get("$defs", {}).values():
        names |= dict.fromkeys(field.get("properties", {}))
    return list(names)


def line_of(path: Path, keys: Sequence[Any], repeated: str = "") -> int:
    """Return the line, from 1, of the deepest node that the keys lead to.

    Args:
        path: YAML file.
        keys: From the outside in; what is not there ends the search.
        repeated: A class whose second line is wanted, if any.
    """
    node: Any = yaml.compose(path.read_text(encoding="utf-8-sig"), _Loader)
    line = 1
    for key in keys:
        node, line = _child(node, key, line)
    return _second(node, repeated, line) if repeated else line


def _repeated(problem: Any) -> str:  # noqa: ANN401
    """Return the class that a problem says is listed twice, if it says so."""
    return str(problem["msg"]).partition("class '")[2].partition("' is listed twice")[0]


def _child(node: Any, key: Any, line: int) -> tuple[Any, int]:  # noqa: ANN401
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == str(key):
                return value, name.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        item = node.value[key]
        return item, item.start_mark.line + 1
    return None, line


def _second(node: Any, label: str, line: int) -> int:  # noqa: ANN401
    """Return the line where a class is listed for the second time."""
    classes, line = _child(node, "classes", line)
    if not isinstance(classes, yaml.SequenceNode):
        return line
    lines = [item.start_mark.line + 1 for item in classes.value if item.value == label]
    return lines[1] if len(lines) > 1 else line
