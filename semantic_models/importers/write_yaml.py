"""Maps and lists as YAML that people would write: a member on a line where it fits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

WIDTH = 110
SECTIONS = frozenset(
    (
        *("models", "metrics", "spines", "calendars", "saved_queries", "tests"),
        *("dimensions", "measures", "joins", "segments", "with"),
    )
)
"""What is written with each of its members on a line of its own."""

Tree = str | int | float | bool | None | Sequence["Tree"] | Mapping[str, "Tree"]

_PLAIN = re.compile(r"[A-Za-z0-9_(][A-Za-z0-9_ .()<>=*/+%'-]*")
_NUMERIC = re.compile(r"[0-9][0-9a-fA-FxXoOeE._+:-]*")
_READ_AS_OTHERS = re.compile(r"(true|false|null|~)", re.IGNORECASE)


def write_yaml(tree: Mapping[str, Tree]) -> str:
    """A whole file."""
    return "".join(f"{line}\n" for line in _block(tree, ""))


def _block(tree: Mapping[str, Tree], indent: str) -> list[str]:
    lines: list[str] = []
    for key, value in tree.items():
        head = f"{indent}{scalar(key)}:"
        flat = _flat(value)
        if value is None or value == {}:
            lines.append(head)
        elif not isinstance(value, Mapping) or (
            key not in SECTIONS and len(head) + len(flat) < WIDTH and _is_shallow(value)
        ):
            lines += _line(head, value, flat, indent)
        else:
            lines.append(head)
            lines += _block(value, f"{indent}  ")
    return lines


def _line(head: str, value: Tree, flat: str, indent: str) -> list[str]:
    if isinstance(value, str) and "\n" in value:
        body = (f"{indent}  {line}".rstrip() for line in value.strip("\n").split("\n"))
        return [f"{head} |", *body]
    return [f"{head} {flat}"]


def _is_shallow(value: Mapping[str, Tree]) -> bool:
    return not any(each is None or isinstance(each, Mapping) for each in value.values())


def _flat(value: Tree) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(k)}: {_flat(v)}".rstrip() for k, v in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return scalar(value)


def scalar(value: str | float | bool | None) -> str:  # noqa: FBT001 - a value
    """One value, in quotes where it needs them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    is_plain = _PLAIN.fullmatch(value) and value == value.strip() and " #" not in value
    is_other = _READ_AS_OTHERS.fullmatch(value) or _NUMERIC.fullmatch(value)
    if is_plain and not is_other:
        return value
    return json.dumps(value, ensure_ascii=False)
