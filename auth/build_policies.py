"""Policies as their authors wrote them, checked against the catalog and what they are on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from hashlib import blake2b
from typing import get_args

from sqlglot import exp

from auth.attributes import ATTRIBUTE, attribute_tree, attributes_in
from auth.check_meetings import contradictions
from auth.check_selects import faults_of_selects
from auth.error_free import is_error_free
from auth.errors import PolicyRejected
from auth.exists import exists
from auth.granted import led_to
from auth.mask_types import in_type, is_of_type
from auth.policy import (
    AttributeType,
    ColumnMask,
    Grant,
    Hidden,
    On,
    Otherwise,
    Policy,
    PolicySet,
    RoleLimits,
    RowFilter,
)
from semantic_models.bind import Binder, Bound
from semantic_models.catalog import Catalog
from semantic_models.checks import repeated, unknown
from semantic_models.definitions import path_of
from semantic_models.errors import TypeMismatch, WrongType
from semantic_models.faults import Faults
from semantic_models.model import Expr, Model, Table
from semantic_models.parameters import TYPES
from semantic_models.plan import GroupFloor
from semantic_models.spec import AttributeSpec, PolicySpec, ProjectSpec, Scalar
from semantic_models.spec_keys import GRANTED
from semantic_models.types import LogicalType

ALL = "all"
MIN_GROUP_MAX = 1_000_000
LIMIT_MAX = 10**12


def build_policies(project: ProjectSpec, catalog: Catalog, faults: Faults) -> PolicySet:
    """All policies of a project, every fault told."""
    for noun, specs in (("policy", project.policies), ("attribute", project.attributes)):
        names = (each.name for each in specs)
        for fault in repeated(noun, names, "Keep one of them."):
            faults.add(fault)
    attributes = {
        each.name.text: declared
        for each in project.attributes
        if (declared := faults.attempt(partial(_attribute, each))) is not None
    }
    building = _Building(project, catalog, attributes)
    policies = tuple(
        made
        for each in project.policies
        if (made := faults.attempt(partial(building.policy, each))) is not None
    )
    for contradiction in contradictions(policies, catalog):
        faults.add(contradiction)
    faults.found += faults_of_selects(policies, catalog)
    is_open = faults.attempt(partial(_is_open, project.default)) or False
    limits = faults.attempt(partial(_limits, project.limits))
    return PolicySet(
        is_governed=project.has_policies,
        version=_version(project),
        policies=policies,
        attributes={name: declared.type for name, declared in attributes.items()},
        is_open=is_open,
        columns={on: tuple(model.columns or ()) for on, model in building.tables.items()},
        limits=RoleLimits(**limits) if limits else None,
    )


@dataclass(frozen=True, slots=True)
class _Attribute:
    type_name: str
    type: AttributeType


def _attribute(spec: AttributeSpec) -> _Attribute:
    if spec.type.text not in TYPES:
        raise WrongType(
            f'"{spec.type.text}" is no type of an attribute',
            hint=f"Write one of {', '.join(TYPES)}.",
            position=spec.type.position(),
        )
    type_ = TYPES[spec.type.text][0]
    return _Attribute(spec.type.text, AttributeType(type_, spec.is_list))


def _is_open(written: Scalar | None) -> bool:
    if written is not None and written.text not in ("open", "closed"):
        raise WrongType(
            f'"{written.text}" is no default of a project',
            hint='Write "open" or "closed".',
            position=written.position(),
        )
    return written is not None and written.text == "open"


def _version(project: ProjectSpec) -> str:
    written = repr((project.policies, project.attributes, project.default, project.limits))
    return blake2b(written.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass
class _Building:
    project: ProjectSpec
    catalog: Catalog
    attributes: Mapping[str, _Attribute] = field(default_factory=dict)
    tables: dict[On, Model] = field(default_factory=dict)
    """A model of each table that policies are on, whose columns are the table's."""

    @cached_property
    def binder(self) -> Binder:
        """Binds expressions of models, in which policies may read attributes."""
        models = self.catalog.models
        bound = {
            name: Bound(Expr(attribute_tree(name, each.type_name)), each.type.type.kind)
            for name, each in self.attributes.items()
        }
        return Binder(
            {each.name.text: each for each in self.project.models},
            {name: each.joins for name, each in models.items()},
            {name: each.columns or {} for name, each in models.items()},
            bridges={name: each.bridges for name, each in models.items()},
            attributes=bound,
        )

    def policy(self, spec: PolicySpec) -> Policy:
        """One policy.

        Raises:
            ForebayError: it cannot be applied as it is written.
        """
        on, model = self._on(spec)
        self._check_parts(spec)
        rows = self._rows(spec, on, model) if spec.rows is not None else None
        masks = tuple(self._masks(spec, on, model))
        if on.table:
            self._check_tables(spec, on, _columns_read(rows, masks))
        return Policy(
            name=spec.name.text,
            roles=None if spec.roles is None else _words(spec.roles),
            unless=_words(spec.unless),
            rows=rows,
            masks=masks,
            hidden=self._hidden(spec, on, model) if spec.hide else None,
            grant=self._grant(spec) if spec.grant else None,
            floor=self._floor(spec) if spec.min_group is not None else None,
            limits=_limits(spec.limits),
            origin=spec.name,
        )

    def _check_parts(self, spec: PolicySpec) -> None:
        of_relation = (spec.rows, *spec.masks, *spec.hide)
        is_on = spec.model is not None or spec.table is not None
        if any(each is not None for each in of_relation) and not is_on:
            raise _rejected(spec, "does not say what it is on", "Write `on: MODEL`.")
        says = spec.rows or spec.masks or spec.hide or spec.grant or spec.min_group or spec.limits
        if not says:
            hint = "Write grant, rows, mask, hide, min_group or limits."
            raise _rejected(spec, "says nothing", hint)
        alone = spec.any_of or spec.otherwise
        if alone is not None and spec.rows is None:
            raise _rejected(spec, "has no rows that it could be about", "Write `rows`.", alone)
        of = spec.min_group_of
        if of is not None and spec.min_group is None:
            raise _rejected(spec, "counts what makes no group", "Write `min_group` too.", of)

    def _on(self, spec: PolicySpec) -> tuple[On, Model | None]:
        if spec.model is not None:
            found = self.catalog.models.get(spec.model.text)
            if found is None:
                raise unknown("model", spec.model.text, self.catalog.models, "Models").at(
                    spec.model.position()
                )
            return On(model=found.name), found
        if spec.table is None:
            return On(), None
        on = On(table=tuple(spec.table.text.split(".")))
        over = self._over(on)
        if not over:
            raise PolicyRejected(
                f'no model reads table "{spec.table.text}" by `table`',
                hint="Declare one: its columns are what the policy may name.",
                position=spec.table.position(),
            )
        self.tables[on] = over[0]
        return on, over[0]

    def _over(self, on: On) -> list[Model]:
        """The models of what may be a table, those that spell most of its name first."""
        found = [
            (len(each.relation.parts), each)
            for each in self.catalog.models.values()
            if isinstance(each.relation, Table) and on.is_table(each.relation)
        ]
        length = len(on.table)
        return [each for _, each in sorted(found, key=lambda pair: -min(pair[0], length))]

    def _check_tables(self, spec: PolicySpec, on: On, read: frozenset[str]) -> None:
        """Refuse columns that are not the same in every table that may be the one it is on.

        Under another spelling a column would keep its values, and a filter that lacks one fails.
        """
        assert spec.table is not None
        columns = self.tables[on].columns or {}
        for model in self._over(on):
            others = model.columns or {}
            for name in sorted(read):
                if others.get(name) != columns.get(name):
                    raise PolicyRejected(
                        f'table "{spec.table.text}" may be several tables, and column "{name}" is '
                        f'not the same in that of model "{model.name}"',
                        hint="Write the schema: in the policy, and under `table` of the models.",
                        position=spec.table.position(),
                    )

    def _rows(self, spec: PolicySpec, on: On, model: Model | None) -> RowFilter:
        assert spec.rows is not None
        assert model is not None
        bound = self.binder.predicate(model.name, spec.rows)
        self._check(bound, spec.rows)
        try:
            predicate, sources = exists(bound, model.name, self.catalog)
        except PolicyRejected as error:
            raise error.at(spec.rows.position()) from None
        return RowFilter(
            on=on,
            predicate=predicate,
            sources=sources,
            attributes=attributes_in(bound.tree),
            any_of=spec.any_of.text if spec.any_of else "",
            otherwise=_otherwise(spec.otherwise),
        )

    def _masks(self, spec: PolicySpec, on: On, model: Model | None) -> Iterator[ColumnMask]:
        for column, text in spec.masks:
            assert model is not None
            type_ = self._column(model, column)
            bound = self.binder.value(model.name, text)
            self._check(bound.expr, text)
            if bound.expr.paths:
                raise PolicyRejected(
                    "a mask reads what is behind a join",
                    hint="Write it with columns of its own model.",
                    position=text.position(),
                )
            if not is_of_type(bound, type_, model.columns or {}):
                raise TypeMismatch(
                    f'the mask of column "{column.text}" is of another type',
                    hint=f"Write an expression of type {type_}.",
                    position=text.position(),
                )
            yield ColumnMask(
                on=on,
                column=column.text,
                value=Expr(in_type(bound.expr.tree.copy(), type_), origin=text),
                nothing=Expr(in_type(exp.Null(), type_)),
                attributes=attributes_in(bound.expr.tree),
            )

    def _column(self, model: Model, name: Scalar) -> LogicalType:
        columns = model.columns or {}
        if name.text not in columns:
            raise unknown("column", name.text, columns, "Columns", model.name).at(name.position())
        type_ = columns[name.text]
        if type_ is None:
            raise PolicyRejected(
                f'column "{name.text}" is of a type that no mask has',
                hint="Hide the members that read it.",
                position=name.position(),
            )
        return type_

    def _check(self, expr: Expr, text: Scalar) -> None:
        """Refuse what could raise an error on a row, and lists where one value is meant."""
        if not is_error_free(expr.tree):
            raise PolicyRejected(
                "a policy computes what may fail on a row",
                detail="An error would tell of rows that are not seen.",
                hint="Compare columns with values: no arithmetic, no cast of a column.",
                position=text.position(),
            )
        for node in expr.tree.find_all(exp.Anonymous):
            if node.name != ATTRIBUTE:
                continue
            declared = self.attributes[node.expressions[0].name].type
            if declared.is_list and not isinstance(node.parent, exp.In):
                raise PolicyRejected(
                    f'attribute "{node.expressions[0].name}" is a list',
                    hint=f"Write `column in (principal.{node.expressions[0].name})`.",
                    position=text.position(),
                )

    def _hidden(self, spec: PolicySpec, on: On, model: Model | None) -> Hidden:
        assert model is not None
        known = {*(model.columns or {}), *_members(model)}
        for each in spec.hide:
            if each.text not in known:
                raise unknown("member", each.text, known, "Members", model.name).at(each.position())
        return Hidden(on=on, names=_words(spec.hide))

    def _grant(self, spec: PolicySpec) -> Grant:
        parts = dict(_granted(spec))
        models = parts.get("models", ())
        every = any(each.text == ALL for each in models)
        self._know(models if not every else (), "model", self.catalog.models)
        metrics = parts.get("metrics", ())
        self._know(metrics, "metric", self.catalog.metrics)
        is_metrics_only = "models" not in parts and "members" not in parts
        dimensions = parts.get("dimensions", ())
        if dimensions and not is_metrics_only:
            raise _rejected(
                spec,
                "grants dimensions beside models or members",
                "Write `members`.",
                dimensions[0],
            )
        uses = [use for each in metrics for use in self.catalog.metrics[each.text].measures]
        for each in dimensions:
            if not any(list(led_to(self.catalog, use, each.text)) for use in uses):
                what = f'grants dimension "{each.text}", which no granted metric has'
                raise _rejected(spec, what, "Write it as a question about them does.", each)
        return Grant(
            every_model=every,
            models=frozenset() if every else _words(models),
            metrics=_words(metrics),
            members=frozenset(map(self._member, parts.get("members", ()))),
            dimensions=_words(dimensions) if is_metrics_only else None,
        )

    def _know(self, names: tuple[Scalar, ...], noun: str, known: Mapping[str, object]) -> None:
        for each in names:
            if each.text not in known:
                raise unknown(noun, each.text, known, f"{noun.capitalize()}s").at(each.position())

    def _member(self, written: Scalar) -> tuple[str, str]:
        model, _, name = written.text.partition(".")
        found = self.catalog.models.get(model)
        if found is None:
            raise unknown("model", model, self.catalog.models, "Models").at(written.position())
        if name not in _members(found):
            raise unknown("member", name, _members(found), "Members", model).at(written.position())
        return model, name

    def _floor(self, spec: PolicySpec) -> GroupFloor:
        assert spec.min_group is not None
        least = spec.min_group.value
        if not isinstance(least, int) or isinstance(least, bool) or not 1 <= least <= MIN_GROUP_MAX:
            raise WrongType(
                f"min_group takes a whole number from 1 to {MIN_GROUP_MAX}",
                hint="Write for example 5.",
                position=spec.min_group.position(),
            )
        of = spec.min_group_of
        models = self.catalog.models.values()
        known = {name for each in models for name in (*each.dimensions, *(each.columns or ()))}
        if of is not None and of.text not in known:
            raise unknown("dimension", of.text, known, "Dimensions").at(of.position())
        return GroupFloor(least, spec.min_group_of.text if spec.min_group_of else "")


def _columns_read(rows: RowFilter | None, masks: Sequence[ColumnMask]) -> frozenset[str]:
    """The columns of its own relation that a policy masks or reads."""
    trees = [each.value.tree for each in masks] + ([rows.predicate.tree] if rows else [])
    own = (node for tree in trees for node in tree.find_all(exp.Column) if not path_of(node))
    return frozenset((*(each.column for each in masks), *(node.name for node in own)))


def _limits(written: Iterable[tuple[Scalar, Scalar]]) -> dict[str, int]:
    return dict(map(_limit, written))


def _limit(written: tuple[Scalar, Scalar]) -> tuple[str, int]:
    key, value = written
    known = [each.name for each in fields(RoleLimits)]
    if key.text not in known:
        raise unknown("limit", key.text, known, "Limits").at(key.position())
    if (
        not value.text.isascii()
        or not value.text.isdigit()
        or not 1 <= int(value.text) <= LIMIT_MAX
    ):
        raise WrongType(
            f'limit "{key.text}" takes a whole number from 1 to {LIMIT_MAX}',
            hint="Write for example 1000.",
            position=value.position(),
        )
    return key.text, int(value.text)


def _granted(spec: PolicySpec) -> Iterator[tuple[str, tuple[Scalar, ...]]]:
    for key, names in spec.grant:
        if key.text not in GRANTED:
            raise unknown("part of a grant", key.text, GRANTED, "Parts").at(key.position())
        yield key.text, names


def _members(model: Model) -> tuple[str, ...]:
    joins = (*model.joins, *model.bridges)
    return (*model.dimensions, *model.hierarchies, *model.segments, *model.measures, *joins)


def _otherwise(written: Scalar | None) -> Otherwise:
    if written is None:
        return "deny"
    if written.text not in get_args(Otherwise):
        raise WrongType(
            f'"{written.text}" is not what others see',
            hint='Write "deny" or "all".',
            position=written.position(),
        )
    return "all" if written.text == "all" else "deny"


def _words(names: tuple[Scalar, ...]) -> frozenset[str]:
    return frozenset(each.text for each in names)


def _rejected(spec: PolicySpec, what: str, hint: str, at: Scalar | None = None) -> PolicyRejected:
    return PolicyRejected(
        f'policy "{spec.name.text}" {what}', hint=hint, position=(at or spec.name).position()
    )
