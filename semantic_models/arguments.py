"""How many arguments functions take, as data, and the refusal of a call with another number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from semantic_models.errors import ForebayError, MalformedSql, Position

AND_MORE = 99
"""Stands for as many arguments as one likes."""

_BY_NUMBER: Mapping[tuple[int, ...], str] = {
    (1,): "sum avg median min max mode stddev stddev_samp stddev_pop variance var_samp var_pop "
    "bool_and bool_or count_if approx_count_distinct upper lower length abs sign floor ceil "
    "ceiling sqrt ln exp sin cos tan asin acos atan radians degrees year quarter month week day "
    "dayofweek isodow dayofmonth dayofyear hour minute second last_day initcap",
    (1, 2): "round trunc log trim percentile_cont percentile_disc",
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

_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/"
_TOKEN = re.compile(
    rf"{_QUOTED}|(?P<name>[A-Za-z_]\w*)?\s*(?P<open>[(\[{{])|(?P<mark>[)\]}},])|\w+|[^\s\w]",
    re.DOTALL,
)
_WORDS_FOR_COMMAS = frozenset(("in", "from", "for", "both", "leading", "trailing"))
"""Words between arguments in the place of commas, as in ``position('a' in x)``."""


@dataclass(slots=True)
class _Call:
    """A call as it is written, or another pair of brackets, which has no name."""

    name: str
    start: int
    """Where its name begins."""
    commas: int = 0
    is_empty: bool = True
    is_keyworded: bool = False

    @property
    def arguments(self) -> int:
        return 0 if self.is_empty else self.commas + 1


def first_wrong_call(text: str, locate: Callable[[int, int], Position]) -> ForebayError | None:
    """The refusal of the first call in a text that has a wrong number of arguments."""
    for call in sorted(_calls(text), key=lambda each: each.start):
        takes = TAKES.get(call.name.lower())
        if takes is not None and not call.is_keyworded and not _fits(call.arguments, takes):
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


def _calls(text: str) -> Iterator[_Call]:
    """Every call that is closed, innermost first."""
    opened: list[_Call] = []
    for token in _TOKEN.finditer(text) if "(" in text else ():
        if opened and token["mark"] != ")":
            opened[-1].is_empty = False
        if token["open"]:
            is_call = token["open"] == "(" and token["name"]
            opened.append(_Call(token["name"] if is_call else "", token.start()))
        elif token["mark"] == "," and opened:
            opened[-1].commas += 1
        elif token["mark"] and opened:
            yield opened.pop()
        elif opened and token[0].lower() in _WORDS_FOR_COMMAS:
            opened[-1].is_keyworded = True
