"""YAML read safely, fast, and without losing what is written twice."""

from collections import Counter
from collections.abc import Hashable
from typing import Any

import yaml

try:  # The parser written in C builds the same plain objects, ten times as fast.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]


class UniqueKeyLoader(SafeLoader):
    """Refuses a mapping that holds a key twice, where YAML would keep the last one."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        """Return the mapping; raises `yaml.YAMLError` naming the key and its line."""
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        twice = [key for key, count in keys.items() if count > 1]
        if twice:
            raise yaml.constructor.ConstructorError(
                problem=f"'{twice[0]}' is written twice; remove one, in the mapping",
                problem_mark=node.start_mark,
            )
        return super().construct_mapping(node, deep)
