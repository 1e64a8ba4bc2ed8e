"""docker-compose.yml as Docker resolves it when no variable is set: anchors, merges and defaults."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

PROJECT: Final = Path(__file__).resolve().parents[2]
FILE: Final = PROJECT / "docker-compose.yml"
VARIABLE: Final = re.compile(r"\$\{([A-Z_]+)(:?-)([^}]*)\}|(\$\$)|(\$)")


def text() -> str:
    """The unresolved file."""
    return FILE.read_text(encoding="utf-8")


def variables(source: str) -> dict[str, str]:
    """Every variable with its default. Raises ValueError if a variable has two defaults."""
    found: dict[str, str] = {}
    for name, _, default, _, _ in VARIABLE.findall(source):
        if name and found.setdefault(name, default) != default:
            raise ValueError(f"{name} has two defaults: {found[name]} and {default}")
    return found


def resolve(source: str) -> dict[str, Any]:
    """The document with every default filled in. Raises ValueError for anything but `${NAME:-default}` and `$$`."""

    def fill(found: re.Match[str]) -> str:
        if found[5]:
            raise ValueError("a dollar that is neither ${NAME:-default} nor $$")
        return "$" if found[4] else found[3]

    def walk(node: Any) -> Any:
        match node:
            case str():
                return VARIABLE.sub(fill, node)
            case list():
                return [walk(one) for one in node]
            case dict():
                return {key: walk(value) for key, value in node.items()}
            case _:
                return node

    return walk(yaml.safe_load(source))
