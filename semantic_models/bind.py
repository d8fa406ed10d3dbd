"""Authors' expressions: names become physical columns behind join paths, once, at load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from semantic_models.errors import (
    AggregateInField,
    AggregateInWhere,
    AmbiguousPath,
    FieldCycle,
    ForebayError,
    NoAggregateInMeasure,
    NoPath,
    NotSupported,
    TypeMismatch,
    UnknownName,
    did_you_mean,
)
from semantic_models.expressions import (
    check_forms,
    has_aggregate,
    is_clock,
    offset_of,
    parse_one,
    substitute,
)
from semantic_models.functions import AGGREGATES
from semantic_models.intrinsics import truncate
from semantic_models.join_paths import Joins, safe_paths
from semantic_models.kinds import settle
from semantic_models.model import Expr, Grain, Path
from semantic_models.spec import DimensionSpec, ModelSpec, Scalar
from semantic_models.types import Kind, LogicalType

Columns = Mapping[str, Mapping[str, LogicalType | None]]
"""Physical columns by model and name, for the models of which an engine has told."""


def column(name: str, path: Path = ()) -> exp.Column:
    """A physical column behind a join path."""
    table = exp.Identifier(this=".".join(path), quoted=True) if path else None
    return exp.Column(this=exp.Identifier(this=name, quoted=True), table=table)


def path_of(node: exp.Column) -> Path:
    """The join path that a bound column stands behind."""
    return tuple(node.table.split(".")) if node.table else ()


def behind(expr: Expr, path: Path) -> Expr:
    """The same expression seen from a model that reaches its home by ``path``."""
    if not path:
        return expr
    if isinstance(expr.tree, exp.Column) and not expr.paths:
        return Expr(column(expr.tree.name, path), (path,))
    tree = expr.tree.copy()
    for node in list(tree.find_all(exp.Column)):
        node.replace(column(node.name, path + path_of(node)))
    if isinstance(tree, exp.Column):
        tree = column(tree.name, path + path_of(tree))
    return Expr(tree, paths_of(tree))


def paths_of(tree: exp.Expr) -> tuple[Path, ...]:
    """The join paths that a bound tree walks, each once and sorted."""
    return tuple(sorted({path_of(node) for node in tree.find_all(exp.Column) if node.table}))


def refuse_clock(tree: exp.Expr, text: Scalar) -> None:
    """Refuse the request's clock in a definition, which has no request."""
    if any(is_clock(node) for node in tree.walk()):
        raise NotSupported(
            "the clock in a model's expression is not supported by this version",
            hint="Compare with now() in the question's where, or ask with time.last.",
            position=text.position(),
        )


@dataclass
class Binder:
    """Binds the expressions of one project; each dimension is bound once."""

    models: Mapping[str, ModelSpec]
    joins: Joins
    columns: Columns
    dimensions: dict[tuple[str, str], Expr | None] = field(default_factory=dict)
    """Bound dimensions; None while one is being bound, which is how a cycle is seen."""

    def dimension(self, model: str, spec: DimensionSpec) -> Expr:
        """The expression of a dimension.

        Raises:
            FieldCycle: it is defined by itself.
        """
        place = (model, spec.name.text)
        if place in self.dimensions:
            known = self.dimensions[place]
            if known is None:
                raise FieldCycle(
                    f'dimension "{spec.name.text}" of model "{model}" is defined by itself',
                    hint="Name a physical column, or break the circle.",
                    position=(spec.expr or spec.name).position(),
                )
            return known
        self.dimensions[place] = None
        try:
            bound = self._dimension(model, spec)
        except ForebayError:
            del self.dimensions[place]
            raise
        self.dimensions[place] = bound
        return bound

    def _dimension(self, model: str, spec: DimensionSpec) -> Expr:
        name = spec.name.text
        if spec.expr is None:
            self._check_column(model, name, spec.name)
            return Expr(column(name), origin=spec.name)
        bound = self.expression(model, spec.expr, itself=name)
        if has_aggregate(bound.tree):
            raise AggregateInField(
                f'dimension "{name}" of model "{model}" holds an aggregate',
                hint="Declare it under `measures`.",
                position=spec.expr.position(),
            )
        return bound

    def expression(self, model: str, text: Scalar, *, itself: str = "") -> Expr:
        """An expression of ``model`` with every name replaced by what it stands for.

        ``itself`` is the dimension being defined: within it that name is the physical column.
        """
        simple = text.text.strip()
        if simple == itself and simple.isidentifier():
            self._check_column(model, simple, text)
            return Expr(column(simple), origin=text)
        tree = parse_one(text.text, text.position)
        check_forms(tree, text.text, text.position)
        refuse_clock(tree, text)

        def replace(node: exp.Expr, parts: tuple[str, ...]) -> exp.Expr:
            try:
                return self._name(model, parts, itself)
            except ForebayError as error:
                raise error.at(text.position(*offset_of(node))) from None

        bound = substitute(tree, replace)
        return self._settled(model, bound, text)[0]

    def predicate(self, model: str, text: Scalar) -> Expr:
        """An expression of ``model`` that is true or false of one row."""
        bound = self.expression(model, text)
        if has_aggregate(bound.tree):
            raise AggregateInWhere(
                "an aggregate stands in a predicate on rows",
                hint="Compare with a column or a value.",
                position=text.position(),
            )
        _, kind = self._settled(model, bound.tree.copy(), text)
        if kind not in (Kind.BOOLEAN, None):
            raise TypeMismatch(
                "a predicate must be true or false",
                hint="Compare with a column or a value.",
                position=text.position(),
            )
        return bound

    def _settled(self, model: str, tree: exp.Expr, text: Scalar) -> tuple[Expr, Kind | None]:
        try:
            bound, kind = settle(tree, lambda node: self._kind(model, node))
        except ForebayError as error:
            raise error.at(text.position()) from None
        return Expr(bound, paths_of(bound), origin=text), kind

    def measure(self, model: str, text: Scalar) -> Expr:
        """An aggregate over the rows of ``model``: every column stands inside an aggregate."""
        bound = self.expression(model, text)
        loose = [node for node in bound.tree.find_all(exp.Column) if not _is_aggregated(node)]
        if loose or not has_aggregate(bound.tree):
            what = f'column "{loose[0].name}"' if loose else "the expression"
            raise NoAggregateInMeasure(
                f"{what} stands outside every aggregate",
                hint="Wrap it, for example in sum(…) or max(…), or declare a dimension.",
                position=text.position(),
            )
        return bound

    def _name(self, model: str, parts: tuple[str, ...], itself: str) -> exp.Expr:
        path: Path = ()
        at = model
        rest = parts
        while True:
            head, rest = rest[0], rest[1:]
            dimension = self._dimension_spec(at, head)
            if dimension is not None and (not rest or _is_grain(rest, dimension)):
                inlines = path or head != itself
                found = self.dimension(at, dimension) if inlines else Expr(column(head))
                return self._at_grain(at, behind(found, path), path, rest)
            if not rest:
                return self._column_or_segment(at, head, path)
            if head in self.joins.get(at, {}):
                path, at = (*path, head), self.joins[at][head].target
            elif not path and at == model and head in self.models:
                path, at = self._way(model, head), head
            else:
                known = (*self.joins.get(at, {}), *self.models)
                raise UnknownName.of("join or model", head, known)

    def _way(self, home: str, target: str) -> Path:
        ways = safe_paths(self.joins, home).get(target, ())
        if not ways:
            raise NoPath(
                f'no many-to-one path leads from model "{home}" to model "{target}"',
                hint="Declare a join, or write the expression on the other model.",
            )
        if len(ways) > 1:
            spelled = " or ".join(f'"{".".join(way)}"' for way in ways)
            raise AmbiguousPath(
                f'model "{target}" is reached from "{home}" by several paths',
                hint=f"Write {spelled}.",
            )
        return ways[0]

    def _dimension_spec(self, model: str, name: str) -> DimensionSpec | None:
        specs = self.models[model].dimensions
        return next((each for each in specs if each.name.text == name), None)

    def _column_or_segment(self, model: str, name: str, path: Path) -> exp.Expr:
        spec = self.models[model]
        segment = next((each for each in spec.segments if each.name.text == name), None)
        if segment is not None:
            return exp.Paren(this=behind(self.expression(model, segment.expr), path).tree.copy())
        if path:
            known = [each.name.text for each in spec.dimensions]
            raise UnknownName.of(f'member of model "{model}"', name, known)
        self._check_column(model, name, None)
        return column(name)

    def _check_column(self, model: str, name: str, place: Scalar | None) -> None:
        known = self.columns.get(model)
        if known is None or name in known:
            return
        spec = self.models[model]
        members = [each.name.text for each in spec.dimensions]
        hint = did_you_mean(name, (*known, *members)) or f"Columns are {', '.join(known)}."
        raise UnknownName(
            f'column "{name}" does not exist in model "{model}"',
            hint=hint,
            position=place.position() if place else None,
        )

    def _at_grain(self, model: str, expr: Expr, path: Path, rest: tuple[str, ...]) -> exp.Expr:
        tree = expr.tree.copy()
        if not rest:
            return tree if isinstance(tree, exp.Column) else exp.Paren(this=tree)
        home_kind = settle(tree.copy(), lambda node: self._kind_at(model, path, node))[1]
        type_ = LogicalType(home_kind or Kind.TIMESTAMP, precision=6)
        return truncate(tree, Grain(rest[0]), type_)

    def _kind(self, model: str, node: exp.Column) -> Kind | None:
        at = model
        for name in path_of(node):
            at = self.joins[at][name].target
        type_ = self.columns.get(at, {}).get(node.name)
        return type_.kind if type_ else None

    def _kind_at(self, model: str, path: Path, node: exp.Column) -> Kind | None:
        inner = path_of(node)[len(path) :]
        return self._kind(model, column(node.name, inner))


def _is_grain(rest: tuple[str, ...], dimension: DimensionSpec) -> bool:
    is_time = dimension.type is not None and dimension.type.text == "time"
    return is_time and len(rest) == 1 and rest[0] in Grain.__members__.values()


def _is_aggregated(node: exp.Expr) -> bool:
    parent = node.parent
    while parent is not None:
        if type(parent) in AGGREGATES or isinstance(parent, exp.Filter | exp.WithinGroup):
            return True
        parent = parent.parent
    return False
