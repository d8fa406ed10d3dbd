"""What libyaml says of broken text, in words an author can act on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from semantic_models.yaml_page import DEPTH_MAX


class Shown(Enum):
    """Which of libyaml's two places shows the fault best."""

    PROBLEM = "where reading stopped"
    CONTEXT = "where the broken part begins"


@dataclass(frozen=True, slots=True)
class Retold:
    """A fault of syntax in our words."""

    message: str
    hint: str
    shown: Shown = Shown.PROBLEM


_QUOTE_IT = "Put the whole value in quotes."
_INSIDE_QUOTES = "Write a backslash twice, or use single quotes, in which nothing is escaped."
_NO_TAGS = 'Remove the "!" word, or put the whole value in quotes.'

TOO_DEEP = Retold(
    f"maps and lists stand more than {DEPTH_MAX} deep",
    "Write it flatter; nothing in a model is that deep.",
)

ANYTHING_ELSE = Retold(
    "the text is not YAML from this place on",
    "Keep keys of one map in one column, and put values with special characters in quotes.",
)

AFTER_A_QUOTE = Retold(
    "text follows a quoted value",
    "Put the whole value in quotes; inside single quotes, a single quote is written twice.",
)

NO_COLON = Retold(
    'expected ":" after this key',
    'Write "key: value"; indent the lines that continue a value.',
    Shown.CONTEXT,
)

_QUOTED = "while scanning a quoted scalar"
_ALIAS = "while scanning an alias"
_UNEXPECTED_COLON = "mapping values are not allowed"
_KEY = re.compile(r":(?: |$)")
_KEY_AND_VALUE = re.compile(r": +[^ #]")

# Read from the top: the first row fits whose words occur in libyaml's context and problem.
_TABLE: tuple[tuple[str, str, Retold], ...] = (
    ("while increasing", "", TOO_DEEP),
    (
        _QUOTED,
        "unexpected end of stream",
        Retold("a quoted value is never closed", "End it with the same quote.", Shown.CONTEXT),
    ),
    (
        _QUOTED,
        "unexpected document indicator",
        Retold("a quoted value is never closed", "End it with the same quote.", Shown.CONTEXT),
    ),
    ("while scanning a simple key", "could not find expected ':'", NO_COLON),
    (
        "",
        _UNEXPECTED_COLON,
        Retold(
            'a ":" stands where no key may stand',
            'Keep keys of one map in one column, and put a value with ": " in quotes.',
        ),
    ),
    (
        "",
        "block sequence entries are not allowed",
        Retold('a list item "- " stands where none may stand', "Begin the list on a new line."),
    ),
    (
        "",
        "mapping keys are not allowed",
        Retold('a "?" stands where no key may stand', _QUOTE_IT),
    ),
    (
        "",
        "cannot start any token",
        Retold("a value may not begin with this character", _QUOTE_IT),
    ),
    (
        "while scanning a directive",
        "",
        Retold('a line that begins with "%" is not read', "Remove the line.", Shown.CONTEXT),
    ),
    (
        _ALIAS,
        "",
        Retold('a value may not begin with "*"', _QUOTE_IT, Shown.CONTEXT),
    ),
    (
        "while scanning an anchor",
        "",
        Retold('a value may not begin with "&"', _QUOTE_IT, Shown.CONTEXT),
    ),
    ("tag", "", Retold('a value may not begin with "!"', _NO_TAGS, Shown.CONTEXT)),
    ("", "undefined tag handle", Retold('a value may not begin with "!"', _NO_TAGS)),
    (
        "while scanning a block scalar",
        "",
        Retold(
            'only a line break may follow "|" or ">"',
            "Begin the text on the next line, or put the whole value in quotes.",
            Shown.CONTEXT,
        ),
    ),
    (
        "while parsing a quoted scalar",
        "unknown escape character",
        Retold("this escape does not exist in double quotes", _INSIDE_QUOTES),
    ),
    (
        "while parsing a quoted scalar",
        "",
        Retold("this escape names no character", _INSIDE_QUOTES),
    ),
    ("", "found unexpected ':'", Retold('a ":" stands inside a plain value', _QUOTE_IT)),
    (
        "",
        "did not find expected node content",
        Retold("expected a value", "Remove what stands here, or put the whole value in quotes."),
    ),
    (
        "",
        "did not find expected '-' indicator",
        Retold(
            'expected a list item that begins with "- "',
            "Keep the items of one list in one column.",
        ),
    ),
    (
        "",
        "did not find expected key",
        Retold(
            "expected a key of the map above",
            "Keep keys of one map in one column, and put values with special characters in quotes.",
        ),
    ),
    (
        "",
        "did not find expected ',' or ']'",
        Retold('expected "," or "]" in a list', 'Separate items by "," and end the list with "]".'),
    ),
    (
        "",
        "did not find expected ',' or '}'",
        Retold('expected "," or "}" in a map', 'Separate keys by "," and end the map with "}".'),
    ),
    (
        "",
        "<document start>",
        Retold("text follows the end of the document", "Write one document a file."),
    ),
    (
        "",
        "directive",
        Retold('a line that begins with "%" is not read', "Remove the line."),
    ),
    (
        "",
        "incompatible YAML document",
        Retold('a line that begins with "%" is not read', "Remove the line."),
    ),
)

LIST_NEVER_CLOSED = Retold("a list is never closed", 'End it with "]".')
MAP_NEVER_CLOSED = Retold("a map is never closed", 'End it with "}".')


def retell(context: str, problem: str) -> Retold:
    """Say a fault of syntax in our words."""
    for in_context, in_problem, retold in _TABLE:
        if in_context in context and in_problem in problem:
            return retold
    return ANYTHING_ELSE


def after_a_quote(context: str, before: str) -> bool:
    """Whether the text ``before`` a fault shows that a quoted value ended too early."""
    return "quoted scalar" not in context and before.rstrip().endswith(("'", '"'))


def key_without_colon(
    problem: str, lines: Sequence[str], line: int, column: int
) -> tuple[int, int] | None:
    """Where a key lacks its colon, if that is why the colon at ``line`` and ``column`` may not be.

    Without one it reads as the first line of a value, which the keys below it then continue.
    Places are counted from 0.
    """
    if _UNEXPECTED_COLON not in problem or _KEY.search(lines[line][:column]):
        return None
    found: tuple[int, int] | None = None
    for number in reversed(range(line)):
        text = lines[number]
        if _KEY.search(text) or text.lstrip().startswith("#"):
            return None if _KEY_AND_VALUE.search(text) else found
        if text.strip():
            item = text.lstrip(" -")
            found = (number, len(text) - len(item))
            if text.lstrip() != item:
                return found
    return found
