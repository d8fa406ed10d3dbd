"""Authors' expressions: names become physical columns behind join paths, once, at load."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from sqlglot import exp

from semantic_models.checks import unknown
from semantic_models.definitions import (
    NO_FORMS,
    Forms,
    over_columns,
    path_of,
    paths_of,
    read_definition,
    settled_with,
)
from semantic_models.errors import (
    AggregateInField,
    AggregateInWhere,
    AmbiguousPath,
    FieldCycle,
    ForebayError,
    MalformedSql,
    NoAggregateInMeasure,
    NoPath,
    Position,
    TypeMismatch,
    UnknownName,
    WindowedComposition,
    WindowInWhere,
    did_you_mean,
)
from semantic_models.expressions import columns_in, names, offset_of
from semantic_models.faults import Faults
from semantic_models.functions import AGGREGATES
from semantic_models.intrinsics import (
    part_in,
    part_of,
    truncate,
)
from semantic_models.join_paths import Bridges, Joins, Ways, both_ways, walked
from semantic_models.kept_build import WAYS, Columns, Reads
from semantic_models.missing_rows import null_without_row
from semantic_models.model import GRAINS, Expr, Grain, Join, Parameter, Path, raw
from semantic_models.parameters import PREFIX, TYPES, parameter_expr
from semantic_models.record import record
from semantic_models.spec import DimensionSpec, ModelSpec, Scalar, SegmentSpec
from semantic_models.types import Kind, LogicalType
from semantic_models.window_forms import nested_window

PRINCIPAL = "principal"
"""What stands before the attributes of whoever asks."""


def column(name: str, path: Path = ()) -> exp.Column:
    """A physical column behind a join path."""
    table = exp.Identifier(this=".".join(path), quoted=True) if path else None
    return exp.Column(this=exp.Identifier(this=name, quoted=True), table=table)


@lru_cache(maxsize=4096)
def column_expr(name: str, path: Path = ()) -> Expr:
    """A physical column behind a join path, as an expression that all may share."""
    return Expr(column(name, path), (path,) if path else ())


@lru_cache(maxsize=4096)
def key_expr(name: str, path: Path = ()) -> Expr:
    """The same of a column that only pairs or tells apart rows."""
    return raw(column_expr(name, path))


def behind(expr: Expr, path: Path) -> Expr:
    """The same expression seen from a model that reaches its home by ``path``."""
    if not path:
        return expr
    if isinstance(expr.tree, exp.Column) and not path_of(expr.tree):
        return column_expr(expr.tree.name, path)
    tree = expr.tree.copy()
    for node in columns_in(tree):
        node.replace(column(node.name, path + path_of(node)))
    if isinstance(tree, exp.Column):
        tree = column(tree.name, path + path_of(tree))
    return Expr(tree, paths_of(tree))


def in_joined_row(expr: Expr, path: Path, joins: Sequence[Join]) -> Expr:
    """The value of an expression in the row that a path of ``joins`` meets, NULL without one."""
    moved = behind(expr, path)
    if not path:
        return moved
    tree = null_without_row(moved.tree, column_expr(joins[-1].witness, path).tree)
    return moved if tree is moved.tree else Expr(tree, paths_of(tree))


@record()
class Bound:
    """An expression with the kind of its values, where that is known."""

    expr: Expr
    kind: Kind | None
    forms: Forms = NO_FORMS
    """Of an expression that is written; of what a name stands for, nobody asks."""


@dataclass
class Binder:
    """Binds the expressions of one project; each dimension is bound once."""

    models: Mapping[str, ModelSpec]
    joins: Joins
    columns: Columns
    faults: Faults = field(default_factory=Faults)
    """What leads through something that is lost has no fault of its own."""
    bridges: Bridges = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    attributes: Mapping[str, Bound] | None = None
    """What stands for each attribute of a principal; None: only policies may read them."""
    bound: dict[tuple[str, str], Bound | None] = field(default_factory=dict)
    """Dimensions and segments; None while one is being bound, which is how a cycle is seen."""
    reads: Reads = field(default_factory=Reads)
    _dimensions: dict[str, dict[str, DimensionSpec]] = field(default_factory=dict)
    """The first dimension of each name, of models that were asked for one."""

    @cached_property
    def ways(self) -> Ways:
        """How models reach one another."""
        unparted = frozenset(name for name, spec in self.models.items() if not spec.partition)
        return Ways(both_ways(self.joins), unparted)

    def dimension(self, model: str, spec: DimensionSpec) -> Expr:
        """The expression of a dimension.

        Raises:
            FieldCycle: it is defined by itself.
        """
        return self._dimension(model, spec).expr

    def _dimension(self, model: str, spec: DimensionSpec) -> Bound:
        return self._once(model, spec.name, spec.expr, lambda: self._bind_dimension(model, spec))

    def segment(self, model: str, spec: SegmentSpec) -> Expr:
        """The predicate of a segment.

        Raises:
            FieldCycle: it is defined by itself.
        """
        name = spec.name.text
        return self._once(
            model, spec.name, spec.expr, lambda: self._predicate(model, spec.expr, name)
        ).expr

    def _once(
        self, model: str, name: Scalar, text: Scalar | None, bind: Callable[[], Bound]
    ) -> Bound:
        place = (model, name.text)
        if place in self.bound:
            known = self.bound[place]
            if known is None:
                raise FieldCycle(
                    f'dimension "{name.text}" of model "{model}" is defined by itself',
                    hint="Name a physical column, or break the circle.",
                    position=(text or name).position(),
                )
            self.reads.note_all(("member", *place))
            return known
        self.bound[place] = None
        try:
            with self.reads.noted_for(("member", *place)):
                bound = bind()
        except ForebayError:
            del self.bound[place]
            raise
        self.bound[place] = bound
        return bound

    def _bind_dimension(self, model: str, spec: DimensionSpec) -> Bound:
        name = spec.name.text
        if spec.expr is None:
            self._check_column(model, name, spec.name)
            return self._column(model, name, spec.name)
        bound = self._expression(model, spec.expr, name)
        if bound.forms.has_aggregate:
            raise AggregateInField(
                f'dimension "{name}" of model "{model}" holds an aggregate',
                hint="Declare it under `measures`.",
                position=spec.expr.position(),
            )
        return bound

    def expression(self, model: str, text: Scalar) -> Expr:
        """An expression of ``model`` with every name replaced by what it stands for."""
        return self._expression(model, text, "").expr

    def value(self, model: str, text: Scalar) -> Bound:
        """The same with the kind of its values."""
        return self._expression(model, text, "")

    def predicate(self, model: str, text: Scalar) -> Expr:
        """An expression of ``model`` that is true or false of one row."""
        return self._predicate(model, text, "").expr

    def _predicate(self, model: str, text: Scalar, itself: str) -> Bound:
        bound = self._expression(model, text, itself)
        if bound.forms.has_window and read_definition(text).has_window:
            raise WindowInWhere(
                "a window function stands in a predicate on rows",
                hint="Declare it as a dimension, and compare that.",
                position=text.position(),
            )
        if bound.forms.has_aggregate:
            raise AggregateInWhere(
                "an aggregate stands in a predicate on rows",
                hint="Compare with a column or a value.",
                position=text.position(),
            )
        if bound.kind not in (Kind.BOOLEAN, None):
            raise TypeMismatch(
                "a predicate must be true or false",
                hint="Compare with a column or a value.",
                position=text.position(),
            )
        return bound

    def _expression(self, model: str, text: Scalar, itself: str) -> Bound:
        """``itself`` is the member being defined: within it that name is the physical column.

        Names become markers until the kinds are settled: what they stand for is settled already.
        """
        simple = text.text.strip()
        if simple == itself and simple.isidentifier():
            self._check_column(model, simple, text)
            return self._column(model, simple, text)
        definition = read_definition(text)
        before = len(self.faults.found)
        values = []
        for number, parts in enumerate(definition.names):
            try:
                values.append(self._name(model, parts, itself))
            except ForebayError as error:
                place = text.position(*offset_of(definition.node(number)))
                self.faults.add_once(error.at(place), since=before)
        self.faults.refuse_since(before)
        kinds = tuple(each.kind for each in values)
        try:
            if all(map(_is_own_column, values, definition.names)):
                settled = over_columns(text.text, kinds)
            else:
                settled = settled_with(definition, kinds, [each.expr.tree for each in values])
        except ForebayError as error:
            raise error.at(text.position()) from None
        if settled.forms.nests_windows:
            raise nested_window().at(text.position())
        expr = Expr(settled.tree, settled.forms.paths, origin=text)
        return Bound(expr, settled.kind, settled.forms)

    def _column(self, model: str, name: str, origin: Scalar | None = None) -> Bound:
        type_ = self.columns.get(model, {}).get(name)
        expr = column_expr(name) if origin is None else Expr(column(name), origin=origin)
        return Bound(expr, type_.kind if type_ else None)

    def measure(self, model: str, text: Scalar) -> Bound:
        """An aggregate over the rows of ``model``: every column stands inside an aggregate."""
        bound = self._expression(model, text, "")
        forms = bound.forms
        if forms.loose or not (forms.has_aggregate or forms.has_window):
            what = f'column "{forms.loose}"' if forms.loose else "the expression"
            raise NoAggregateInMeasure(
                f"{what} stands outside every aggregate",
                hint="Wrap it, for example in sum(…) or max(…), or declare a dimension.",
                position=_loose_place(text),
            )
        if forms.has_aggregate and forms.has_window and read_definition(text).has_window:
            raise WindowedComposition(
                "a measure mixes aggregates with window functions",
                hint="Declare the aggregate alone, and rank it by a metric with `rank`.",
                position=text.position(),
            )
        if forms.nests_aggregates:
            raise MalformedSql(
                "an aggregate stands inside another one",
                hint="Keep one aggregate, or compute the inner one in the model's `sql`.",
                position=text.position(),
            )
        return bound

    def parameter(self, name: str) -> Bound:
        """What stands for the value of a parameter.

        Raises:
            UnknownName: the project has none of that name.
        """
        found = self.parameters.get(name)
        if found is None:
            raise unknown("parameter", name, list(self.parameters), "Parameters")
        return Bound(parameter_expr(found), TYPES[found.type_name][0].kind)

    def _attribute(self, name: str, known: Mapping[str, Bound]) -> Bound:
        if name not in known:
            raise unknown("attribute", name, list(known), "Attributes")
        return known[name]

    def _name(self, model: str, parts: tuple[str, ...], itself: str) -> Bound:
        if parts[0] == PREFIX and len(parts) > 1:
            return self.parameter(".".join(parts[1:]))
        if parts[0] == PRINCIPAL and len(parts) > 1 and self.attributes is not None:
            return self._attribute(".".join(parts[1:]), self.attributes)
        path: Path = ()
        at = model
        rest = parts
        while True:
            head, rest = rest[0], rest[1:]
            self.reads.note("model", at)
            if self.faults.lost and not (head == itself and not path):
                self._refuse_lost(at, head, rest)
            dimension = self._dimension_spec(at, head)
            if dimension is not None and (not rest or _is_grain(rest, dimension)):
                is_column = not path and head == itself
                found = self._column(at, head) if is_column else self._dimension(at, dimension)
                return _at_grain(self._in_joined_row(found, model, path), rest)
            if not rest:
                found = self._column_or_segment(at, head, path, itself)
                return self._in_joined_row(found, model, path)
            if head in self.joins.get(at, {}):
                path, at = (*path, head), self.joins[at][head].target
            elif head in self.bridges.get(at, {}):
                bridge = self.bridges[at][head]
                self.reads.note("model", bridge.through)
                path, at = (*path, *bridge.path), bridge.target
            elif not path and at == model and head in self.models:
                path, at = self._way(model, head), head
            else:
                self.faults.refuse_lost("joins", at, head)
                self.faults.refuse_lost("models", head)
                known = (*self.joins.get(at, {}), *self.bridges.get(at, {}), *self.models)
                raise unknown("join or model", head, known, "Joins and models")

    def _in_joined_row(self, found: Bound, home: str, path: Path) -> Bound:
        if not path:
            return found
        joins = walked(self.ways.edges, home, path)
        return Bound(in_joined_row(found.expr, path, joins), found.kind)

    def _refuse_lost(self, model: str, head: str, rest: tuple[str, ...]) -> None:
        """Refuse a member that is lost, or a join if more of the name follows it."""
        if rest:
            self.faults.refuse_named("joins", model, head)
        if not rest or rest[0] in GRAINS:
            self.faults.refuse_named("members", model, head)

    def _way(self, home: str, target: str) -> Path:
        self.reads.current.add(WAYS)
        ways = self.ways.to(home, target)
        if not ways:
            for model in (*self.ways.safe(home), target):
                self.faults.refuse_any_lost("joins", model)
            raise NoPath(
                f'no join path leads from model "{home}" to model "{target}"',
                hint="Declare a join, or write the expression on the other model.",
            )
        if len(ways) > 1:
            paths = [tuple(join.name for join in way) for way in ways]
            spelled = " or ".join(f'"{".".join(path)}"' for path in paths)
            raise AmbiguousPath(
                f'model "{target}" is reached from "{home}" by several paths',
                hint=f"Write {spelled}.",
            )
        return tuple(join.name for join in ways[0])

    def _dimension_spec(self, model: str, name: str) -> DimensionSpec | None:
        if model not in self._dimensions:
            specs = reversed(self.models[model].dimensions)
            self._dimensions[model] = {each.name.text: each for each in specs}
        return self._dimensions[model].get(name)

    def _column_or_segment(self, model: str, name: str, path: Path, itself: str) -> Bound:
        spec = self.models[model]
        segment = next((each for each in spec.segments if each.name.text == name), None)
        if segment is not None and (path or name != itself):
            return Bound(self.segment(model, segment), Kind.BOOLEAN)
        if path:
            self.faults.refuse_lost("members", model, name)
            known = [each.name.text for each in spec.dimensions]
            raise unknown("member", name, known, "Dimensions", model)
        self._check_column(model, name, None, itself)
        return self._column(model, name)

    def _check_column(self, model: str, name: str, place: Scalar | None, itself: str = "") -> None:
        known = self.columns.get(model)
        if known is None or name in known:
            return
        self.faults.refuse_lost("members", model, name)
        spec = self.models[model]
        members = [
            each.name.text
            for each in spec.dimensions
            if each.expr is not None and each.name.text != itself
        ]
        hint = did_you_mean(name, (*members, *known)) or f"Columns are {', '.join(known)}."
        raise UnknownName(
            f'column "{name}" does not exist in model "{model}"',
            hint=hint,
            position=place.position() if place else None,
        )


def _at_grain(found: Bound, rest: tuple[str, ...]) -> Bound:
    if not rest:
        return found
    type_ = LogicalType(found.kind or Kind.TIMESTAMP, precision=6)
    if rest[0] in GRAINS:
        tree = truncate(found.expr.tree.copy(), Grain(rest[0]), type_)
        return Bound(Expr(tree, found.expr.paths), found.kind)
    tree = part_of(found.expr.tree.copy(), part_in(rest[0]), type_)
    return Bound(Expr(tree, found.expr.paths), Kind.INT64)


def _is_grain(rest: tuple[str, ...], dimension: DimensionSpec) -> bool:
    is_time = dimension.type is not None and dimension.type.text == "time"
    is_known = rest[0] in GRAINS or bool(part_in(rest[0]))
    return is_time and len(rest) == 1 and is_known


def _loose_place(text: Scalar) -> Position:
    """Where the first name outside every aggregate stands, else the whole text."""
    written = names(read_definition(text).tree)
    loose = next((node for node, _ in written if not _is_aggregated(node)), None)
    return text.position() if loose is None else text.position(*offset_of(loose))


def _is_own_column(value: Bound, parts: tuple[str, ...]) -> bool:
    """Whether a name stands for the column of that name in its own model."""
    tree = value.expr.tree
    if len(parts) > 1 or not isinstance(tree, exp.Column):
        return False
    return tree.this.this == parts[0] and tree.args.get("table") is None


def _is_aggregated(node: exp.Expr) -> bool:
    parent = node.parent
    while parent is not None:
        around = exp.Filter | exp.WithinGroup | exp.Window
        if type(parent) in AGGREGATES or isinstance(parent, around):
            return True
        parent = parent.parent
    return False
