"""SQL expressions of authors and users: parsed, checked against a list, taken apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError as SqlglotParseError
from sqlglot.errors import SqlglotError, TokenError

from semantic_models.arguments import first_wrong_call
from semantic_models.errors import (
    AggregateInField,
    ForebayError,
    MalformedSql,
    NotSupported,
    Position,
    TooLarge,
    UnknownFunction,
    WindowInWhere,
)
from semantic_models.functions import (
    AGGREGATES,
    ALLOWED,
    CLOCK_CLASSES,
    CLOCK_NAMES,
    COMPARISONS,
    SCALARS,
    TYPES,
)
from semantic_models.window_forms import is_windowed, is_windowing, window_fault

Locate = Callable[[int, int], Position]
"""From an offset and a length in an expression's text to the place it stands at."""

TEXT_MAX = 64 * 1024
DEPTH_MAX = 60
TREE_DEPTH_MAX = 150
"""A chain of ORs or of operators is one level deeper for each of them."""


class _Canonical(DuckDB):
    """DuckDB's SQL, but NULL is the high end in the order of a window."""

    NULL_ORDERING = "nulls_are_large"


_DUCKDB = DuckDB()
_WITH_WINDOWS = _Canonical()
_STAR = re.compile(
    r"(?:^|(?<!count)\(|[.,=<>+/|-]|\b(?:when|then|else|where|from|not|and|or|by|distinct))\s*\*",
    re.IGNORECASE,
)
"""A star that multiplies nothing."""
_PARSER_FAULTS = (AttributeError, TypeError, ValueError, IndexError, KeyError)
"""What sqlglot's parser breaks with at texts that it is not made for, such as ``{"a",: 1}``."""
_UNITS = {
    *("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"),
    *("MILLISECOND", "MICROSECOND", "DECADE", "CENTURY", "CENTURIE", "MILLENNIUM"),
}
"""Those of intervals, without the s that may follow."""
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def query_position(source: str, text: str) -> Locate:
    """Places inside a text of the query, such as the second entry of ``where``."""

    def locate(offset: int, length: int) -> Position:
        before = text[:offset]
        start = before.rfind("\n") + 1
        line = text[start:].split("\n", 1)[0]
        return Position(source, before.count("\n") + 1, offset - start + 1, max(1, length), line)

    return locate


def parse_expression(text: str, locate: Locate) -> exp.Expr:
    """Read one expression and refuse every form and function outside the list.

    Raises:
        MalformedSql: the text is not one expression.
        UnknownFunction: it calls what is not on the list.
        NotSupported: it is a query, a window, or another form not built yet.
    """
    tree = parse_one(text, locate)
    check_forms(tree, text, locate)
    return tree


def parse_one(text: str, locate: Locate, dialect: DuckDB = _DUCKDB) -> exp.Expr:
    """Read exactly one statement or expression of the canonical dialect."""
    guard_text(text, locate)
    try:
        is_windowed = dialect is _DUCKDB and "over" in text.lower()
        trees = (_WITH_WINDOWS if is_windowed else dialect).parse(text)
    except SqlglotParseError as error:
        raise (first_wrong_call(text, locate) or _told(error, text, locate)) from None
    except (TokenError, SqlglotError, *_PARSER_FAULTS):
        raise MalformedSql(
            "the text cannot be read as SQL",
            hint="Look for an unclosed quote or bracket.",
        ).at(locate(0, len(text))) from None
    except RecursionError:
        raise TooLarge("the expression is nested too deeply").at(locate(0, 1)) from None
    if len(trees) != 1 or trees[0] is None:
        what = "nothing stands here" if not any(trees) else "several statements stand here"
        raise MalformedSql(
            f"{what} where one expression is expected", hint="Write exactly one expression."
        ).at(locate(0, len(text)))
    if len(text) > DEPTH_MAX and _depth(trees[0]) > TREE_DEPTH_MAX:
        raise TooLarge(
            f"an expression has more than {TREE_DEPTH_MAX} levels",
            hint="Write a list with IN in place of a chain of OR, or several predicates.",
        ).at(locate(0, 1))
    return trees[0]


def _depth(tree: exp.Expr) -> int:
    level, depth = [tree], 0
    while level:
        level = [part for node in level for part in node.iter_expressions()]
        depth += 1
    return depth


def guard_text(text: str, locate: Locate) -> None:
    """Refuse a text that is too long, too deep, or has characters that readers disagree on."""
    if len(text) > TEXT_MAX:
        raise TooLarge(
            f"a text of {len(text)} characters is longer than {TEXT_MAX}",
            hint="Shorten the expression.",
        )
    if text.isascii() and text.isprintable() and text.count("(") + text.count("[") <= DEPTH_MAX:
        return
    depth = 0
    for offset, character in enumerate(text):
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif (character < " " and character not in "\t\n\r") or character > "\x7e":
            _guard_character(character, locate(offset, 1))
        if depth > DEPTH_MAX:
            raise TooLarge(f"brackets are nested deeper than {DEPTH_MAX}").at(locate(offset, 1))


def _guard_character(character: str, position: Position) -> None:
    if character.isprintable():
        return
    raise MalformedSql(
        f"character U+{ord(character):04X} may not stand in SQL",
        hint="Remove it; it is not printable and engines disagree on what it means.",
        position=position,
    )


def _told(error: SqlglotParseError, text: str, locate: Locate) -> ForebayError:
    """The parser's refusal in our words, at the token it stopped at."""
    first = error.errors[0] if error.errors else {}
    highlight = str(first.get("highlight") or "")
    context = str(first.get("start_context") or "")
    offset = text.find(context + highlight) + len(context) if highlight else len(text)
    near = f' at "{highlight}"' if highlight else ""
    return MalformedSql(
        f"the SQL cannot be read{near}",
        hint="Expressions are SQL as DuckDB and PostgreSQL write it.",
    ).at(locate(max(0, offset), len(highlight) or 1))


_ALWAYS_ALLOWED = ALLOWED - {exp.Column, exp.DataType, exp.Star}
"""Forms that may stand wherever they can be written."""


def check_forms(tree: exp.Expr, text: str, locate: Locate, *, windows: bool = False) -> bool:
    """Refuse the first form or function that is not on the list; tell whether a clock is read.

    ``windows`` allows OVER, as members of models do.
    """
    reads_clock = False
    for node in nodes(tree):
        if type(node) in _CHECKED:
            _check_values(node, text, locate)
        if type(node) in _ALWAYS_ALLOWED:
            continue
        if windows and isinstance(node, exp.Anonymous) and metric_called(node):
            raise AggregateInField(
                "a metric stands in an expression of a model",
                hint="Write it in the `where` of a metric, or in that of a question.",
            ).at(_place(node, text, locate))
        if windows and is_windowing(node):
            fault = window_fault(node)
            if fault is not None:
                raise fault.at(_place(node, text, locate))
            continue
        if _is_misplaced_star(node):
            raise _refused_star(node, text, locate)
        if not _is_allowed(node):
            raise _refused(node).at(_place(node, text, locate))
        reads_clock = reads_clock or is_clock(node)
    wrong = first_wrong_call(text, locate)
    if wrong is not None:
        raise wrong
    return reads_clock


_CHECKED = COMPARISONS | {exp.Literal, exp.Interval, exp.Filter}


def _check_values(node: exp.Expr, text: str, locate: Locate) -> None:
    """Refuse what is no number or interval, an empty IN, IS before a value, comparisons of
    comparisons, and FILTER behind what is no aggregate.
    """
    _check_words(node, text, locate)
    is_number = isinstance(node, exp.Literal) and not node.is_string
    if is_number and not _NUMBER.fullmatch(node.name):
        raise MalformedSql(
            f'"{node.name}" is no number', hint="Write digits after e, as in 3e2."
        ).at(_place(node, text, locate))
    if isinstance(node, exp.In) and not node.args.get("query") and not node.expressions:
        raise MalformedSql(
            "IN stands before no values", hint="Write one value or more: status in ('paid')."
        ).at(_place(node, text, locate))
    if isinstance(node, exp.Is) and not isinstance(node.expression, exp.Null | exp.Boolean):
        raise MalformedSql("IS stands before a value", hint="Write = to compare, or IS NULL.").at(
            _place(node, text, locate)
        )
    chained = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
    if isinstance(node, chained) and any(
        isinstance(each, chained) for each in (node.this, node.expression)
    ):
        raise MalformedSql(
            "a comparison stands beside another one",
            hint="Join the two by AND, as in a < b and b < c, or put one of them in brackets.",
        ).at(_place(node, text, locate))


def _check_words(node: exp.Expr, text: str, locate: Locate) -> None:
    unit = node.args.get("unit") if isinstance(node, exp.Interval) else None
    if unit is not None and unit.name.upper().removesuffix("S") not in _UNITS:
        raise MalformedSql(
            f'"{unit.name.lower()}" is no unit of intervals',
            hint="Write one such as day, as in interval 3 day.",
        ).at(_place(node, text, locate))
    if isinstance(node, exp.Filter) and type(node.this) in SCALARS:
        raise MalformedSql(
            "FILTER stands behind what is no aggregate",
            hint="Write it behind one, as in sum(amount) filter (where is_paid).",
        ).at(_place(node, text, locate))


def _is_misplaced_star(node: exp.Expr) -> bool:
    """Whether a node is a star other than that of ``count(*)``."""
    if isinstance(node, exp.Star):
        return not isinstance(node.parent, exp.Count)
    last = node.expression if isinstance(node, exp.Dot) else node.this
    return isinstance(node, exp.Column | exp.Dot) and isinstance(last, exp.Star)


def _refused_star(node: exp.Expr, text: str, locate: Locate) -> ForebayError:
    marks = (
        [] if isinstance(node, exp.Star) else [each.meta for each in node.find_all(exp.Identifier)]
    )
    start = min((mark["start"] for mark in marks), default=0)
    end = max((mark["end"] + 1 for mark in marks), default=0)
    found = _STAR.search(text, end)
    end = found.end() if found else len(text)
    return MalformedSql(
        "a star stands where one value is expected",
        hint="Name one column; rows are counted by count(*).",
        position=locate(start, end - start) if marks else locate(end - 1, 1),
    )


def _is_allowed(node: exp.Expr) -> bool:
    if isinstance(node, exp.DataType):
        return node.this in TYPES
    if isinstance(node, exp.Dot):
        return name_parts(node) is not None
    if part_named(node):
        return isinstance(node.parent, exp.Dot)
    if isinstance(node, exp.Anonymous) and metric_called(node):
        return True
    return type(node) in ALLOWED or is_clock(node)


def _refused(node: exp.Expr) -> ForebayError:
    if isinstance(node, exp.Window | exp.WindowSpec):
        return WindowInWhere(
            "a window function stands in a predicate or formula",
            hint="Declare a dimension or a measure with OVER, and name it here.",
        )
    if isinstance(node, exp.Alias):
        return MalformedSql(
            f'"{node.alias}" stands where an operator or the end is expected',
            hint="An expression has no alias; an interval is written interval '12 weeks'.",
        )
    if isinstance(node, exp.Query | exp.Subquery):
        return NotSupported(
            "a query inside an expression is not supported",
            hint="Join the other model instead, or write the query as the model's `sql`.",
        )
    if isinstance(node, exp.Dot):
        return NotSupported(
            "a call behind a dot, such as part(…), is not supported by this version",
            hint="Use extract(year from …) in a dimension's expression.",
        )
    if isinstance(node, exp.Exists) or node.name.lower() == "metric":
        return NotSupported(
            "exists(…) stands in an expression, or metric(…) without names",
            hint="exists(PATH, PREDICATE) stands in a question's where, alone or behind NOT, and "
            "AND joins it to others; elsewhere metric(NAME, KEY) is null where there is no row.",
        )
    if isinstance(node, exp.Anonymous | exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        return UnknownFunction(
            f'function "{name.lower()}" is not known',
            hint="The reference of expressions lists the functions that may be used.",
        )
    return MalformedSql(
        f"{type(node).__name__.lower()} may not stand in an expression",
        hint="Expressions hold columns, literals, operators and functions.",
    )


def _place(node: exp.Expr, text: str, locate: Locate) -> Position:
    """The place of a node: its own words where the parser kept them, else its first name's."""
    for inner in node.walk():
        start = inner.meta.get("start")
        if start is not None:
            return locate(start, inner.meta["end"] - start + 1)
    name = node.name if isinstance(node, exp.Anonymous) else ""
    offset = text.lower().find(name.lower()) if name else 0
    return locate(max(0, offset), len(name) or len(text))


def is_clock(node: exp.Expr) -> bool:
    """Whether a node reads the request's clock."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in CLOCK_NAMES and not node.expressions
    return type(node) in CLOCK_CLASSES


def name_parts(node: exp.Expr) -> tuple[str, ...] | None:
    """The dotted name that a column or a chain of dots spells, or None for anything else."""
    if isinstance(node, exp.Anonymous):
        called = metric_called(node)
        return (called,) if called else None
    if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
        return tuple(part.name for part in node.parts)
    if isinstance(node, exp.Dot):
        is_first = isinstance(node.this, exp.Identifier)
        left = (node.this.name,) if is_first else name_parts(node.this)
        if left is not None and isinstance(node.expression, exp.Identifier):
            return (*left, node.expression.name)
        part = part_named(node.expression) if left is not None else ""
        if left is not None and part:
            return (*left, part)
    return None


def metric_called(node: exp.Anonymous) -> str:
    """``metric(revenue, customer_id)`` as one name; nothing for any other call."""
    if node.name.lower() != "metric" or not node.expressions:
        return ""
    names = [".".join(name_parts(each) or ("",)) for each in node.expressions]
    return f"metric({', '.join(names)})" if all(names) else ""


def part_named(node: exp.Expr) -> str:
    """``part(year)`` as the last part of a name; nothing for any other call."""
    if not isinstance(node, exp.Anonymous) or node.name.lower() != "part":
        return ""
    names = [each.name for each in node.expressions if isinstance(each, exp.Column)]
    return f"part({names[0].lower()})" if len(names) == len(node.expressions) == 1 else ""


def spelled(parts: Sequence[str]) -> exp.Expr:
    """The node of a dotted name, however many parts it has."""
    tree: exp.Expr = exp.Column(this=exp.Identifier(this=parts[0], quoted=True))
    for part in parts[1:]:
        tree = exp.Dot(this=tree, expression=exp.Identifier(this=part, quoted=True))
    return tree


def offset_of(node: exp.Expr) -> tuple[int, int]:
    """Offset and length of a dotted name in the text it was parsed from."""
    marks = [each.meta for each in node.find_all(exp.Identifier)]
    marks = [mark for mark in marks if "start" in mark]
    if not marks:
        return 0, 1
    start = min(mark["start"] for mark in marks)
    return start, max(mark["end"] for mark in marks) - start + 1


def nodes(tree: exp.Expr) -> list[exp.Expr]:
    """A tree and all within it, outermost first; ``walk`` takes more than twice as long."""
    found = [tree]
    for node in found:  # It grows meanwhile.
        for value in node.args.values():
            if isinstance(value, exp.Expr):
                found.append(value)
            elif isinstance(value, list):
                found += [each for each in value if isinstance(each, exp.Expr)]
    return found


def columns_in(tree: exp.Expr) -> list[exp.Column]:
    """Every column of a tree."""
    return [node for node in nodes(tree) if isinstance(node, exp.Column)]


def names(tree: exp.Expr) -> Iterator[tuple[exp.Expr, tuple[str, ...]]]:
    """Every dotted name of a tree with the node that spells it, outermost nodes only."""
    parts = name_parts(tree)
    if parts is not None:
        yield tree, parts
        return
    for child in tree.iter_expressions():
        yield from names(child)


def substitute(
    tree: exp.Expr, replace: Callable[[exp.Expr, tuple[str, ...]], exp.Expr]
) -> exp.Expr:
    """Another tree in which every dotted name is replaced."""
    parts = name_parts(tree)
    if parts is not None:
        return replace(tree, parts)
    return with_children(tree, lambda child: substitute(child, replace))


def with_children(tree: exp.Expr, change: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """A node like ``tree`` whose children are what ``change`` makes of its children."""
    return type(tree)(
        **{
            key: [change(each) if isinstance(each, exp.Expr) else each for each in value]
            if isinstance(value, list)
            else change(value)
            if isinstance(value, exp.Expr)
            else value
            for key, value in tree.args.items()
        }
    )


def copied(tree: exp.Expr) -> exp.Expr:
    """Another tree alike, without what a parser notes beside it, which ``copy`` takes along."""
    return with_children(tree, copied)


def has_aggregate(tree: exp.Expr) -> bool:
    """Whether an aggregate stands anywhere in a tree."""
    return any(type(node) in AGGREGATES and not is_windowed(node) for node in nodes(tree))


def conjuncts(tree: exp.Expr) -> list[exp.Expr]:
    """The parts that ANDs join, left to right."""
    if isinstance(tree, exp.Paren):
        return conjuncts(tree.this)
    if isinstance(tree, exp.And):
        return conjuncts(tree.this) + conjuncts(tree.expression)
    return [tree]
