"""YAML read safely, fast, and without losing what is written twice."""

from collections.abc import Hashable
from typing import Any

import yaml

try:  # The parser written in C builds the same plain objects, ten times as fast.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]


class UniqueKeyLoader(SafeLoader):
    """Refuses a mapping that holds a key twice, where YAML would keep the last one."""

    def construct_mapping(  # type: ignore[explicit-override] # typing.override is of 3.12
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        """Return the mapping; raises `yaml.YAMLError` naming the key and its line."""
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"'{key.value}' is written twice; remove one",
                    problem_mark=key.start_mark,
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)
