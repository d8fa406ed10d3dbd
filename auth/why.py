"""Why somebody sees a member as they do: whole, masked, filtered, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

from sqlglot import exp

from auth.attributes import is_of
from auth.decide import decide, limits_of
from auth.policy import On, Policy, PolicySet, RoleLimits
from auth.principal import Principal
from auth.rights import RelationRights, Rights
from auth.visible import visible
from semantic_models.catalog import Catalog
from semantic_models.definitions import path_of
from semantic_models.errors import UnknownName
from semantic_models.join_paths import walked
from semantic_models.model import Expr, Model, Table
from semantic_models.tables_read import tables_of

Members = tuple[tuple[Model, str], ...]
Verdict = Literal["seen", "masked", "filtered", "hidden"]


@dataclass(frozen=True, slots=True)
class Why:
    """What becomes of one member, and what makes it so."""

    verdict: Verdict
    reasons: tuple[str, ...]
    applied: tuple[str, ...]
    """The policies that apply to the principal, whatever they are on."""


@dataclass(frozen=True, slots=True)
class HeldLimit:
    """How much of one thing somebody may take, and what says so."""

    name: str
    value: int
    by: str
    """A policy, ``forebay.yml``, or ``default``."""


def limits_held(policies: PolicySet, principal: Principal) -> tuple[HeldLimit, ...]:
    """Which limits hold for somebody; none where they may take as much as anybody."""
    limits = limits_of(policies, principal.roles)
    if limits is None:
        return ()
    applied = [each for each in policies.policies if each.applies_to(principal.roles)]
    project, usual = policies.limits or RoleLimits(), RoleLimits()

    def held(name: str) -> HeldLimit:
        value = getattr(limits, name)
        named = next((each.name for each in applied if each.limits.get(name) == value), None)
        if named is not None:
            return HeldLimit(name, value, f'policy "{named}"')
        is_usual = getattr(project, name) == getattr(usual, name)
        return HeldLimit(name, value, "default" if is_usual else "forebay.yml")

    return tuple(held(each.name) for each in fields(RoleLimits))


def why(catalog: Catalog, policies: PolicySet, principal: Principal, name: str) -> Why:
    """What somebody sees of a model, a metric or a member, written MODEL.MEMBER.

    Raises:
        UnknownName: there is none of that name.
    """
    found = _found(catalog, name)
    models = tuple(dict.fromkeys(model.name for model, _ in found))
    rights = decide(policies, principal)
    seeing = _Seeing(catalog, policies, principal, rights)
    if not policies.is_governed:
        return Why("seen", ("the project has no policies",), ())
    if not _is_named(visible(catalog, rights), name):
        reasons = tuple(seeing.hiding(found)) or ("no grant that applies names it",)
        return Why("hidden", reasons, rights.applied)
    emptied = tuple(reason for each in models for reason in seeing.emptying(each))
    if emptied:
        return Why("filtered", (*emptied, "so no row is there"), rights.applied)
    read = _read(catalog, name, found)
    masks = tuple(dict.fromkeys(reason for each in read for reason in seeing.masking(*each)))
    behind = dict.fromkeys(model for model, _ in read if model not in models)
    filters = (
        *(reason for each in models for reason in seeing.filtering(each)),
        *(reason for each in behind for reason in seeing.keeping(each)),
    )
    if masks:
        return Why("masked", (*masks, *filters), rights.applied)
    if filters:
        return Why("filtered", filters, rights.applied)
    return Why("seen", ("a grant names it, and nothing is kept back",), rights.applied)


def _found(catalog: Catalog, name: str) -> Members:
    """The members that a name is made of; of a whole model, an empty name."""
    head, _, member = name.partition(".")
    model = catalog.models.get(head)
    if name in catalog.metrics:
        uses = catalog.metrics[name].measures
        return tuple((catalog.models[each.model], each.measure) for each in uses)
    if model is not None and (not member or _has(model, member)):
        return ((model, member),)
    known = [*catalog.metrics, *catalog.models]
    known += [f"{each.name}.{one}" for each in catalog.models.values() for one in each.dimensions]
    raise UnknownName.of("model, metric or member", name, known)


def _is_named(catalog: Catalog, name: str) -> bool:
    head, _, member = name.partition(".")
    model = catalog.models.get(head)
    is_of_model = model is not None and (not member or _has(model, member))
    return name in catalog.metrics or is_of_model


def _has(model: Model, member: str) -> bool:
    parts = (model.dimensions, model.hierarchies, model.segments, model.joins, model.bridges)
    return member in model.measures or any(member in each for each in parts)


@dataclass(frozen=True, slots=True)
class _Seeing:
    catalog: Catalog
    policies: PolicySet
    principal: Principal
    rights: Rights

    def hiding(self, members: Members) -> Iterator[str]:
        """Which policies hide any of the members."""
        for each in self._applied():
            hidden = each.hidden
            if hidden is not None and any(
                member in hidden.names and _is_on(hidden.on, model) for model, member in members
            ):
                yield f'policy "{each.name}" hides it'

    def emptying(self, model: str) -> Iterator[str]:
        """Why no row of a model is there, where none is."""
        for on, rights in self._relations(self.catalog.models[model]):
            if rights.is_denied:
                missing = ", ".join(sorted(self._missing(on)))
                yield f"attributes that a policy of {_spelled(on)} reads are missing: {missing}"
            elif rights.is_left_out:
                yield f"{_spelled(on)} has row filters, and none of them applies"

    def keeping(self, model: str) -> Iterator[str]:
        """Why not all rows of a model are there, be it none or some."""
        yield from self.emptying(model)
        yield from self.filtering(model)

    def masking(self, model: str, column: str) -> Iterator[str]:
        """Which policies mask a column."""
        for each in self._applied():
            for mask in each.masks:
                is_on = _is_on(mask.on, self.catalog.models[model])
                if is_on and mask.column.lower() == column.lower():
                    masked = f'column "{mask.column}" of {_spelled(mask.on)}'
                    yield f'policy "{each.name}" masks {masked}'

    def filtering(self, model: str) -> Iterator[str]:
        """Which policies filter the rows of a model."""
        for each in self._applied():
            if each.rows is not None and _is_on(each.rows.on, self.catalog.models[model]):
                yield f'policy "{each.name}" filters the rows of {_spelled(each.rows.on)}'

    def _applied(self) -> Iterator[Policy]:
        return (each for each in self.policies.policies if each.name in self.rights.applied)

    def _relations(self, model: Model) -> Iterator[tuple[On, RelationRights]]:
        return (pair for pair in self.rights.relations.items() if _is_on(pair[0], model))

    def _missing(self, on: On) -> Iterator[str]:
        """The attributes that policies on a relation read, and the principal has not."""
        declared = self.policies.attributes
        held = {
            name
            for name, value in self.principal.attributes
            if name in declared and is_of(value, declared[name])
        }
        for each in self._applied():
            of_it = [one for one in (each.rows, *each.masks) if one is not None and one.on == on]
            for one in of_it:
                yield from one.attributes - held


def _is_on(on: On, model: Model) -> bool:
    tables = [Table(parts) for parts in tables_of(model.relation)]
    return on.model == model.name or any(map(on.is_table, tables))


def _read(catalog: Catalog, name: str, members: Members) -> tuple[tuple[str, str], ...]:
    """The models and columns that something is made of, those behind joins among them.

    A model that a join only leads through stands without a column.
    """
    made = [(model.name, each) for model, member in members for each in _exprs(model, member)]
    if name in catalog.metrics:
        uses = catalog.metrics[name].measures
        made += [(use.model, each) for use in uses for each in use.filters]
    found = (each for model, expr in made for each in _columns(catalog, model, expr))
    return tuple(dict.fromkeys(found))


def _exprs(model: Model, member: str) -> Iterator[Expr]:
    """The expressions of a member, or of all of a model's where its name is empty."""
    for measure in model.measures.values():
        if member in ("", measure.name):
            yield from filter(None, (measure.expr, measure.where))
    for dimension in model.dimensions.values():
        if member in ("", dimension.name):
            yield dimension.expr
    for segment in model.segments.values():
        if member in ("", segment.name):
            yield segment.expr


def _columns(catalog: Catalog, model: str, expr: Expr) -> Iterator[tuple[str, str]]:
    for node in expr.tree.find_all(exp.Column):
        targets = [each.target for each in walked(catalog.ways.edges, model, path_of(node))]
        yield from ((each, "") for each in targets)
        yield (targets[-1] if targets else model, node.name)


def _spelled(on: On) -> str:
    return f'model "{on.model}"' if on.model else f'table "{".".join(on.table)}"'
