"""Texts of definitions: read, checked and settled once, however often authors write the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, islice

from sqlglot import exp

from semantic_models.errors import ForebayError, NotSupported
from semantic_models.expressions import (
    Locate,
    check_forms,
    columns_in,
    is_clock,
    names,
    parse_one,
    query_position,
    spelled,
    substitute,
)
from semantic_models.functions import AGGREGATES
from semantic_models.kinds import settle
from semantic_models.model import Path
from semantic_models.record import record
from semantic_models.spec import Scalar
from semantic_models.types import Kind
from semantic_models.window_forms import has_window, is_windowed

REMEMBERED = 4096
"""How many texts are remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A text as a tree, which all share that write the same: whoever changes it copies it."""

    tree: exp.Expr
    names: tuple[tuple[str, ...], ...]
    """The dotted names in it, as ``names`` tells them."""
    has_window: bool

    def node(self, number: int) -> exp.Expr:
        """What spells one of the names."""
        return next(islice((node for node, _ in names(self.tree)), number, None))


@record()
class Forms:
    """What stands in a bound tree."""

    paths: tuple[Path, ...] = ()
    """The join paths walked, each once and sorted."""
    loose: str = ""
    """The first column outside every aggregate."""
    has_aggregate: bool = False
    """Whether there is an aggregate that is not the function of a window."""
    has_window: bool = False
    nests_aggregates: bool = False
    nests_windows: bool = False


NO_FORMS = Forms()


@record()
class Settled:
    """A tree over physical columns with its times and literals settled."""

    tree: exp.Expr
    kind: Kind | None
    forms: Forms


def read_definition(text: Scalar) -> Definition:
    """What a member's text says.

    Raises:
        ForebayError: it is no expression, or holds what a definition may not.
    """
    try:
        return _remembered(text.text)
    except ForebayError:  # Told again, where it stands.
        return _read(text.text, text.position)


def settled_with(
    definition: Definition, kinds: Sequence[Kind | None], values: Sequence[exp.Expr]
) -> Settled:
    """A definition with a value in the place of each name, in their order.

    Names are markers until the kinds are settled: what they stand for is settled already.

    Raises:
        TypeMismatch: it compares what does not compare.
    """
    numbers = count()
    marked = substitute(definition.tree, lambda *_: spelled((str(next(numbers)),)))
    tree, kind = settle(marked, lambda node: kinds[int(node.name)])
    if isinstance(tree, exp.Column):
        filled = values[int(tree.name)].copy()
    else:
        filled = substitute(tree, lambda _, parts: substituted(values[int(parts[0])].copy()))
    return Settled(filled, kind, forms_of(filled))


def substituted(tree: exp.Expr) -> exp.Expr:
    """A tree that may stand in the place of a name."""
    return tree if isinstance(tree, exp.Column | exp.Anonymous) else exp.Paren(this=tree)


@lru_cache(maxsize=REMEMBERED)
def over_columns(text: str, kinds: tuple[Kind | None, ...]) -> Settled:
    """A text that can be read, and whose names are all columns of its own model, of these kinds.

    Raises:
        TypeMismatch: it compares what does not compare.
    """
    definition = _remembered(text)
    named = {parts[0]: kind for parts, kind in zip(definition.names, kinds, strict=True)}
    columns = substitute(definition.tree, lambda _, parts: spelled(parts))
    tree, kind = settle(columns, lambda node: named[node.name])
    return Settled(tree, kind, forms_of(tree))


@lru_cache(maxsize=REMEMBERED)
def _remembered(text: str) -> Definition:
    return _read(text, query_position("", text))


def forget_definitions() -> None:
    """Forget every text, as a process that begins."""
    _remembered.cache_clear()
    over_columns.cache_clear()


def _read(text: str, locate: Locate) -> Definition:
    tree = parse_one(text, locate)
    if check_forms(tree, text, locate, windows=True):
        raise clock_refused().at(locate(0, len(text)))
    is_windowed = "over" in text.lower() and has_window(tree)
    return Definition(tree, tuple(parts for _, parts in names(tree)), is_windowed)


def clock_refused() -> NotSupported:
    """The refusal of the request's clock in a definition, which has no request."""
    return NotSupported(
        "the clock in a model's expression is not supported by this version",
        hint="Compare with now() in the question's where, or ask with time.last.",
    )


def refuse_clock(tree: exp.Expr, text: Scalar) -> None:
    """Refuse a tree that reads the request's clock."""
    if any(map(is_clock, tree.walk())):
        raise clock_refused().at(text.position())


def path_of(node: exp.Column) -> Path:
    """The join path that a bound column stands behind."""
    return tuple(node.table.split(".")) if node.table else ()


def paths_of(tree: exp.Expr) -> tuple[Path, ...]:
    """The join paths that a bound tree walks, each once and sorted."""
    return tuple(sorted({path_of(node) for node in columns_in(tree) if node.table}))


def forms_of(tree: exp.Expr) -> Forms:
    """All that the checks of definitions ask of a tree, in one walk, outermost nodes first."""
    paths: set[Path] = set()
    loose = ""
    aggregates = windows = nests_aggregates = nests_windows = False
    waiting = deque([(tree, "")])
    while waiting:
        node, around = waiting.popleft()
        if isinstance(node, exp.Column):
            if node.table:
                paths.add(path_of(node))
            loose = loose or ("" if around else node.name)
            continue
        if type(node) in AGGREGATES:
            aggregates = aggregates or not is_windowed(node)
            nests_aggregates = nests_aggregates or "A" in around
            around += "A"
        elif isinstance(node, exp.Window):
            nests_windows = nests_windows or "W" in around
            windows, around = True, around + "W"
        elif isinstance(node, exp.Filter | exp.WithinGroup):
            around += "F"
        waiting += [(each, around) for each in node.iter_expressions()]
    return Forms(tuple(sorted(paths)), loose, aggregates, windows, nests_aggregates, nests_windows)
