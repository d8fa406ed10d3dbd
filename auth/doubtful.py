"""What policies leave open although nothing in them is wrong: told by validation, refused never."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from auth.errors import PolicyDoubtful
from auth.policy import On, Policy, PolicySet
from semantic_models.catalog import Catalog
from semantic_models.model import Expr, Model, Table
from semantic_models.tables_read import tables_of


def doubts(policies: PolicySet, catalog: Catalog) -> Iterator[PolicyDoubtful]:
    """Tables read beside the model that a policy is on, and members made of what is hidden."""
    for each in policies.policies:
        yield from _read_beside(each, policies, catalog)
        yield from _made_of_hidden(each, catalog)


def _read_beside(policy: Policy, policies: PolicySet, catalog: Catalog) -> Iterator[PolicyDoubtful]:
    """Other models of the tables of a model that the policy is on."""
    parts = (policy.rows, *policy.masks)
    names = {each.on.model for each in parts if each is not None and each.on.model}
    for name in names:
        model = catalog.models[name]
        for other in catalog.models.values():
            table = _shared(model, other)
            if table and not _is_governed(other, policies):
                yield PolicyDoubtful(
                    f'policy "{policy.name}" is on model "{name}" alone, and model '
                    f'"{other.name}" reads its table "{table}" too',
                    detail="No policy on rows or columns is on that model or the table.",
                    hint=f"Write `on: {{table: {table}}}`, or a policy on that model.",
                    position=policy.origin.position() if policy.origin else None,
                )


def _shared(model: Model, other: Model) -> str:
    """A table that both read; empty where there is none."""
    if model.name == other.name or model.engine != other.engine:
        return ""
    for parts in tables_of(model.relation):
        if any(On(table=parts).is_table(Table(each)) for each in tables_of(other.relation)):
            return ".".join(parts)
    return ""


def _is_governed(model: Model, policies: PolicySet) -> bool:
    found = (part for each in policies.policies for part in (each.rows, *each.masks))
    return any(part is not None and _is_on(part.on, model) for part in found)


def _is_on(on: On, model: Model) -> bool:
    tables = [Table(parts) for parts in tables_of(model.relation)]
    return on.model == model.name or any(map(on.is_table, tables))


def _made_of_hidden(policy: Policy, catalog: Catalog) -> Iterator[PolicyDoubtful]:
    """Members that keep their names, of columns that the policy hides."""
    if policy.hidden is None:
        return
    hidden = policy.hidden.names
    for model in catalog.models.values():
        if not _is_on(policy.hidden.on, model):
            continue
        for member, exprs in _members(model):
            for column in sorted(hidden & _columns(exprs)) if member not in hidden else ():
                yield PolicyDoubtful(
                    f'"{model.name}.{member}" is made of "{column}", which policy '
                    f'"{policy.name}" hides',
                    detail="A hidden name is gone, and what is made of it is told as before.",
                    hint="Hide that too, or mask the column.",
                    position=policy.origin.position() if policy.origin else None,
                )


def _members(model: Model) -> Iterator[tuple[str, tuple[Expr | None, ...]]]:
    for dimension in model.dimensions.values():
        yield dimension.name, (dimension.expr,)
    for segment in model.segments.values():
        yield segment.name, (segment.expr,)
    for measure in model.measures.values():
        yield measure.name, (measure.expr, measure.where)


def _columns(exprs: tuple[Expr | None, ...]) -> set[str]:
    """The columns of its own relation that a member reads."""
    return {
        each.name
        for expr in exprs
        if expr is not None
        for each in expr.tree.find_all(exp.Column)
        if not each.table
    }
