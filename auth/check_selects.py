"""SELECTs of models that read tables with policies: what could not be governed is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from auth.errors import PolicyRejected
from auth.policy import ColumnMask, On, Policy
from semantic_models.catalog import Catalog
from semantic_models.derived import is_hidden
from semantic_models.errors import ForebayError
from semantic_models.model import Model, Select, Table
from semantic_models.tables_read import parts_of_table

_PLAIN = frozenset(("this", "db", "catalog", "alias"))
_CHOOSING = (exp.Where, exp.Having, exp.Qualify, exp.Group, exp.Order, exp.Window, exp.Distinct)


def faults_of_selects(policies: Sequence[Policy], catalog: Catalog) -> Iterator[ForebayError]:
    """Why tables that policies are on cannot be governed within SELECTs of models."""
    tables = on_tables(policies)
    masks = [mask for each in policies for mask in each.masks if mask.on.table]
    for model in catalog.models.values():
        if isinstance(model.relation, Select):
            tree = model.relation.tree
            if tables and any(map(is_hidden, tree.find_all(exp.Table))):
                yield _rejected(
                    model,
                    "reads what is no table by its name, where tables have policies",
                    "Read tables by their names, without functions and files.",
                )
            yield from _faults(model, tree, tables)
            yield from _masked(model, tree, masks)


def on_tables(policies: Iterable[Policy]) -> tuple[On, ...]:
    """The tables that policies are on, each once."""
    return tuple(dict.fromkeys(on for each in policies for on in _tables(each)))


def _tables(policy: Policy) -> Iterator[On]:
    parts = (policy.rows, policy.hidden, *policy.masks)
    yield from (each.on for each in parts if each is not None and each.on.table)


def reads(tree: exp.Expr, on: On) -> bool:
    """Whether a SELECT reads a table."""
    return any(_is(each, on) for each in tree.find_all(exp.Table))


def _is(table: exp.Table, on: On) -> bool:
    parts = parts_of_table(table)
    return bool(parts) and on.is_table(Table(parts))


def _faults(model: Model, tree: exp.Expr, tables: Iterable[On]) -> Iterator[ForebayError]:
    for on in tables:
        name = ".".join(on.table)
        if any(each.alias.lower() == on.table[-1].lower() for each in tree.find_all(exp.CTE)):
            yield _rejected(
                model,
                f'names a part of its own like table "{name}", which has policies',
                "Give the WITH another name.",
            )
        for each in tree.find_all(exp.Table):
            further = {key for key, value in each.args.items() if value} - _PLAIN
            if _is(each, on) and further:
                yield _rejected(
                    model,
                    f'reads table "{name}", which has policies, in a way that they cannot govern',
                    "Read it by its name alone.",
                )


def _masked(model: Model, tree: exp.Expr, masks: Iterable[ColumnMask]) -> Iterator[ForebayError]:
    for mask in masks:
        if reads(tree, mask.on) and _chooses_by(tree, mask.column):
            yield _rejected(
                model,
                f'chooses or pairs rows by "{mask.column}", which a policy masks',
                "Declare the join or the filter in the models, or mask what it shows there.",
            )


def _chooses_by(tree: exp.Expr, column: str) -> bool:
    """Whether a column stands where rows are chosen, paired, ordered or told apart."""
    for each in tree.find_all(exp.Join):
        if each.args.get("method") or _named(each.args.get("using") or (), column):
            return True
        if _reads_column(each.args.get("on"), column):
            return True
    if tree.find(exp.SetOperation) is not None:
        return True
    return any(_reads_column(each, column) for each in tree.find_all(*_CHOOSING))


def _named(using: Iterable[exp.Expr], column: str) -> bool:
    return any(each.name.lower() == column.lower() for each in using)


def _reads_column(tree: exp.Expr | None, column: str) -> bool:
    if tree is None:
        return False
    is_all = isinstance(tree, exp.Distinct) or tree.find(exp.Star) is not None
    return is_all or _named(tree.find_all(exp.Column), column)


def _rejected(model: Model, what: str, hint: str) -> ForebayError:
    assert isinstance(model.relation, Select), "of SELECTs alone"
    origin = model.relation.origin
    return PolicyRejected(
        f'the sql of model "{model.name}" {what}',
        hint=hint,
        position=origin.position() if origin else None,
    )
