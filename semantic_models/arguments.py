"""How many arguments functions take, as data, and the refusal of a call with another number."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlglot import exp

from semantic_models.errors import ForebayError, MalformedSql, Position

AND_MORE = 99
"""Stands for as many arguments as one likes."""

_BY_NUMBER: Mapping[tuple[int, ...], str] = {
    (1,): "sum avg median min max mode stddev stddev_samp stddev_pop variance var_samp var_pop "
    "bool_and bool_or count_if approx_count_distinct upper lower length abs sign floor ceil "
    "ceiling sqrt ln exp sin cos tan asin acos atan radians degrees year quarter month week day "
    "dayofweek isodow dayofmonth dayofyear hour minute second last_day initcap percentile_cont "
    "percentile_disc",
    (1, 2): "round trunc log trim",
    (2,): "corr covar_pop covar_samp approx_quantile quantile_cont quantile_disc left right strpos "
    "instr starts_with ends_with contains nullif atan2 pow power date_trunc regexp_full_match "
    "position date_add",
    (2, 3): "substring substr regexp_matches",
    (3,): "split_part replace date_diff datediff if",
    (1, AND_MORE): "coalesce greatest least concat",
    (0, 1): "count",
}
TAKES: Mapping[str, tuple[int, ...]] = {
    name: numbers for numbers, names in _BY_NUMBER.items() for name in names.split()
}
"""The numbers of arguments of a function, by its name."""

_TOO_MANY: Mapping[type[exp.Expr], str] = {
    exp.Round: "truncate",
    exp.Trunc: "fractions_supported",
    exp.Mode: "deterministic",
    exp.Count: "expressions",
    exp.LastDay: "unit",
    exp.ApproxDistinct: "accuracy",
    exp.Ceil: "decimals",
    exp.Floor: "decimals",
}
"""Arguments that the parser reads and no call of ours has."""

_TOO_FEW: Mapping[type[exp.Expr], tuple[str, ...]] = {
    exp.SplitPart: ("delimiter", "part_index"),
    exp.Substring: ("start",),
    exp.ApproxQuantile: ("quantile",),
    exp.Initcap: ("this",),
}
"""Arguments that the parser does not demand and every call of ours has."""

_NAME_BEFORE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\Z")


class Call(NamedTuple):
    """A call as it is written."""

    name: str
    start: int
    """Where its name begins."""
    arguments: int


def has_wrong_number(node: exp.Expr) -> bool:
    """Whether the parser took more or fewer arguments than a function has."""
    too_many = _TOO_MANY.get(type(node))
    if too_many is not None and node.args.get(too_many):
        return True
    return any(node.args.get(each) is None for each in _TOO_FEW.get(type(node), ()))


def first_wrong_call(text: str, locate: Callable[[int, int], Position]) -> ForebayError | None:
    """The refusal of the first call in a text that has a wrong number of arguments."""
    for call in _calls(text):
        takes = TAKES.get(call.name.lower())
        if takes is not None and not _fits(call.arguments, takes):
            return MalformedSql(
                f'function "{call.name}" takes {_told(takes)}, not {call.arguments}',
                hint=f"Write {' or '.join(_forms(call.name, takes))}.",
                position=locate(call.start, len(call.name)),
            )
    return None


def _fits(number: int, takes: tuple[int, ...]) -> bool:
    return number in takes or (AND_MORE in takes and number >= takes[0])


def _told(takes: tuple[int, ...]) -> str:
    if AND_MORE in takes:
        return "at least one argument"
    numbers = " or ".join(map(str, takes))
    return f"{numbers} argument" if takes == (1,) else f"{numbers} arguments"


def _forms(name: str, takes: tuple[int, ...]) -> list[str]:
    if AND_MORE in takes:
        return [f"{name}(x, y)"]
    if name.lower().startswith("percentile"):
        return [f"{name}(0.5) within group (order by x)"]
    return [f"{name}({', '.join('xyz'[:number]) or '*'})" for number in takes]


def _calls(text: str) -> list[Call]:
    """Every call with commas between its arguments, by where it begins."""
    bare = _without_quoted(text)
    found: list[Call] = []
    opened: list[tuple[int, int]] = []
    """The bracket of each open call, and the commas that are its own."""
    for offset, character in enumerate(bare):
        if character in "([{":
            opened.append((offset, 0))
        elif character == "," and opened:
            opened[-1] = (opened[-1][0], opened[-1][1] + 1)
        elif character in ")]}" and opened:
            start, commas = opened.pop()
            name = _NAME_BEFORE.search(bare, 0, start) if bare[start] == "(" else None
            inner = bare[start + 1 : offset]
            if name is not None and not _is_keyworded(inner):
                number = commas + 1 if inner.strip() else 0
                found.append(Call(name[1], name.start(1), number))
    return sorted(found, key=lambda each: each.start)


def _is_keyworded(inner: str) -> bool:
    """Whether words stand between arguments in the place of commas, as in ``'a' in x``."""
    return re.search(r"\b(in|from|for|both|leading|trailing)\b", inner, re.IGNORECASE) is not None


def _without_quoted(text: str) -> str:
    """The text with an x for every character of its quoted parts and comments."""
    quoted = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
    return quoted.sub(lambda found: "x" * len(found[0]), text)
