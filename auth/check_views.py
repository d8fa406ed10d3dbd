"""Views and macros over tables with policies, which would go past them: they are refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auth.check_selects import on_tables
from auth.errors import PolicyRejected
from auth.policy import On, PolicySet
from semantic_models.catalog import Catalog
from semantic_models.derived import Derived, calls_in, named_by, reached
from semantic_models.model import Relation, Select, Table
from semantic_models.tables_read import tables_of

_HINT = "Write its SELECT under `sql` of the model, over the tables themselves."


def faults_of_derived(
    policies: PolicySet, catalog: Catalog, engine: str, known: Sequence[Derived]
) -> Iterator[PolicyRejected]:
    """Why a view or macro of an engine shows what policies on its tables hide.

    Where the policies are on the view's own name too, they hold for what it shows.
    """
    tables = on_tables(policies.policies)
    if not tables:
        return
    for each in known:
        if each.replaces and (why := _past([each], known, tables, ())):
            yield PolicyRejected(
                f'engine "{engine}" has a macro in place of function "{each.name[-1]}", {why}',
                hint="Drop the macro: every query would call it.",
            )
    for what, relation in _relations(catalog, engine):
        own = tables_of(relation)
        calls = frozenset(calls_in(relation.tree) if isinstance(relation, Select) else ())
        for each in named_by(own, calls, known):
            if why := _past([each], known, tables, own):
                kind = "macro" if each.is_macro else "view"
                name = ".".join(each.name)
                yield PolicyRejected(f'{what} reads {kind} "{name}", {why}', hint=_HINT)


def _relations(catalog: Catalog, engine: str) -> Iterator[tuple[str, Relation]]:
    for model in catalog.models.values():
        if model.engine == engine:
            yield f'model "{model.name}"', model.relation
    for spine in catalog.spines:
        if spine.engine == engine:
            yield f'spine "{spine.grain}"', spine.table


def _past(
    first: Iterable[Derived],
    known: Sequence[Derived],
    tables: Iterable[On],
    own: Sequence[tuple[str, ...]],
) -> str:
    """What it reads past policies that are not on what is named itself; empty: nothing."""
    tables = [on for on in tables if not any(on.is_table(Table(parts)) for parts in own)]
    for each in reached(first, known):
        if each.is_opaque:
            return "which may read tables that have policies"
        for on in tables:
            if any(on.is_table(Table(parts)) for parts in each.reads):
                return f'which reads table "{".".join(on.table)}", which has policies'
    return ""
