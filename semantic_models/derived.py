"""Views and macros of an engine's data: what each of them reads beside what its name says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from semantic_models.record import record
from semantic_models.tables_read import parts_of_table

Parts = tuple[str, ...]


@record(kw_only=True)
class Derived:
    """A view or macro, by its name in the engine."""

    name: Parts
    is_macro: bool = False
    replaces: bool = False
    """Whether the engine has a function of that name by itself, in whose place it stands."""
    reads: tuple[Parts, ...] = ()
    """The names that stand for tables in it, tables of its own among them."""
    calls: frozenset[str] = frozenset()
    """The functions that it calls, in small letters."""
    is_opaque: bool = False
    """Whether it may read what its text does not name."""


def derived(name: Parts, tree: exp.Expr | None, *, is_macro: bool, replaces: bool) -> Derived:
    """What a definition reads; without its tree, anything."""
    if tree is None:
        return Derived(name=name, is_macro=is_macro, replaces=replaces, is_opaque=True)
    tables = list(tree.find_all(exp.Table))
    return Derived(
        name=name,
        is_macro=is_macro,
        replaces=replaces,
        reads=tuple(dict.fromkeys(filter(None, map(parts_of_table, tables)))),
        calls=frozenset(calls_in(tree)),
        is_opaque=any(map(is_hidden, tables)),
    )


def calls_in(tree: exp.Expr) -> Iterator[str]:
    """The functions that a tree calls, by every name that they go by."""
    for each in tree.find_all(exp.Func):
        if isinstance(each, exp.Anonymous):
            yield each.name.lower()
        else:
            yield from (name.lower() for name in type(each).sql_names())


_MADE = (exp.GenerateSeries, exp.Repeat)
"""Functions in place of a table that read none; others may read one by a text."""


def is_hidden(table: exp.Table) -> bool:
    """Whether what stands for a table may read one that its name does not tell."""
    if isinstance(table.this, exp.Identifier):
        return any("." in part or "/" in part for part in parts_of_table(table))
    return not isinstance(table.this, _MADE)


def means(written: Parts, name: Parts) -> bool:
    """Whether a name may mean a view or macro: where either leaves parts out, it does."""
    pairs = zip(reversed(written), reversed(name), strict=False)
    return all(one.lower() == other.lower() for one, other in pairs)


def reached(first: Iterable[Derived], known: Sequence[Derived]) -> Iterator[Derived]:
    """Views and macros, and all that those read and call."""
    waiting, found = [*first], set[Parts]()
    while waiting:
        each = waiting.pop()
        if each.name in found:
            continue
        found.add(each.name)
        yield each
        waiting += named_by(each.reads, each.calls, known)


def named_by(
    tables: Iterable[Parts], calls: frozenset[str], known: Sequence[Derived]
) -> list[Derived]:
    """The views that stand for tables, and the macros that are called."""
    read = [*tables]
    return [
        each
        for each in known
        if (each.is_macro and each.name[-1].lower() in calls)
        or any(means(parts, each.name) for parts in read)
    ]
