"""dbt's templates: the calls in filters and in questions, and what each of them names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)

_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "Dimension": ("name", "entity_path"),
    "TimeDimension": ("name", "grain", "entity_path", "descending", "date_part"),
    "Entity": ("name", "entity_path"),
    "Metric": ("name", "group_by", "descending"),
}
"""What each call takes, in order."""

_SAME_ARGUMENTS: Mapping[str, str] = {
    "dimension_name": "name",
    "time_dimension_name": "name",
    "entity_name": "name",
    "metric_name": "name",
    "time_granularity_name": "grain",
    "time_granularity": "grain",
    "date_part_name": "date_part",
}

_METHODS = ("grain", "date_part", "descending")


class UnknownDbtName(Exception):
    """A name that leads nowhere from the model that it is read from, or no name at all."""


@dataclass(frozen=True)
class Named:
    """What one template names: a kind, a name, and a grain or a part of a time."""

    kind: str
    name: str
    grain: str = ""
    part: str = ""
    group_by: tuple[str, ...] = ()


def templates_in(text: str) -> list[tuple[str, Named]]:
    """The templates of a filter and what each of them names.

    Raises:
        UnknownDbtName: a template names nothing.
    """
    return [(match.group(0), named_by(match.group(1))) for match in _TEMPLATE.finditer(text)]


def named_by(text: str) -> Named:
    """What a call such as ``TimeDimension('metric_time', 'day')`` names.

    Raises:
        UnknownDbtName: it is no such call.
    """
    try:
        kind, told = _told(ast.parse(text.strip(), mode="eval").body)
        prefix = tuple(_texts(told.get("entity_path")))
        name = "__".join((*prefix, *_texts(told["name"])))
    except (SyntaxError, ValueError, KeyError):
        raise UnknownDbtName(text.strip()) from None
    grain, part = ("".join(_texts(told.get(each))).lower() for each in ("grain", "date_part"))
    return Named(kind, name, grain, part, tuple(_texts(told.get("group_by"))))


def _told(call: ast.expr) -> tuple[str, dict[str, object]]:
    """The kind of a call and its arguments, those of the methods called on it among them."""
    match call:
        case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in _METHODS:
            kind, told = _told(inner)
            return kind, {**told, **_arguments(call, (method,))}
        case ast.Call(func=ast.Name(id=kind)) if kind in _ARGUMENTS:
            return kind, _arguments(call, _ARGUMENTS[kind])
        case _:
            raise ValueError


def _arguments(call: ast.Call, names: tuple[str, ...]) -> dict[str, object]:
    given = {name: _value(each) for name, each in zip(names, call.args, strict=False)}
    further = {str(each.arg): _value(each.value) for each in call.keywords}
    return given | {_SAME_ARGUMENTS.get(name, name): value for name, value in further.items()}


def _value(written: ast.expr) -> object:
    return None if isinstance(written, ast.Name) else ast.literal_eval(written)


def _texts(value: object) -> Iterator[str]:
    """A text or a list of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        yield from map(str, value)


def referred(text: str) -> tuple[str, ...]:
    """The texts of ``ref('orders')`` or ``source('shop', 'orders')``; none in another text."""
    found = re.fullmatch(r"(?:\{\{)?\s*(\w+\(.*\))\s*(?:\}\})?", text.strip(), re.DOTALL)
    try:
        call = ast.parse(found.group(1) if found else text, mode="eval").body
    except SyntaxError:
        return ()
    if not isinstance(call, ast.Call):
        return ()
    version = [f"v{_value(each.value)}" for each in call.keywords if each.arg in ("v", "version")]
    names = [name for each in call.args for name in _texts(_value(each))]
    return (*names[:-1], "_".join((*names[-1:], *version)))
