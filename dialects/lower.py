"""Expressions of a plan in one engine's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from dialects.block import identifier
from dialects.dates import interval
from dialects.dialect import Dialect
from dialects.errors import UnsupportedFeature
from semantic_models import intrinsics
from semantic_models.expressions import with_children
from semantic_models.functions import AGGREGATES, COMPARISONS
from semantic_models.model import Grain
from semantic_models.parameters import literal_of
from semantic_models.query import Plain
from semantic_models.types import Kind, LogicalType


@dataclass(frozen=True, slots=True)
class Lowering:
    """Copies expressions for one dialect and zone."""

    dialect: Dialect
    zone: str
    parameters: Mapping[str, Plain] = field(default_factory=dict)
    """The values of parameters by name."""

    def lower(self, tree: exp.Expr, home: str) -> exp.Expr:
        """A copy with columns behind the aliases of their scans and intrinsics spelled out.

        ``home`` is the alias of columns without a join path; empty where they are outputs.
        A query within is an author's own SELECT that a policy reads, and stays as it is.
        """
        if isinstance(tree, exp.Column):
            return _column(tree, home)
        if isinstance(tree, exp.Subquery):
            return tree.copy()
        lowered = with_children(tree, lambda child: self.lower(child, home))
        return self._spelled(lowered)

    def _spelled(self, node: exp.Expr) -> exp.Expr:
        """A node whose parts are lowered, in this dialect's words."""
        if type(node) in self.dialect.lacks:
            raise UnsupportedFeature(
                f'engine dialect "{self.dialect.name}" has no exact {type(node).__name__.lower()}',
                hint="Use another aggregate, or an engine that has it.",
            )
        if isinstance(node, exp.Anonymous):
            return self._intrinsic(node)
        if isinstance(node, exp.CountIf):
            return exp.Count(this=_when(node.this, exp.Literal.number(1)), big_int=True)
        if isinstance(node, exp.Corr):
            # DuckDB alone has NaN where values are all alike, and NaN is above every number.
            pair = {"this": node.this, "expression": node.expression}
            return exp.Corr(**pair, null_on_zero_variance=True)
        if type(node) in COMPARISONS:
            return with_children(node, _end if isinstance(node, exp.Between) else _operand)
        if isinstance(node, exp.Filter) and not self.dialect.has_filter_clause:
            return _conditional(node)
        return node

    def _intrinsic(self, node: exp.Anonymous) -> exp.Expr:
        match node.name:
            case intrinsics.CIVIL:
                return self.dialect.to_civil(node.expressions[0], self.zone)
            case intrinsics.INSTANT:
                return self.dialect.to_instant(node.expressions[0], self.zone)
            case intrinsics.TRUNCATE:
                unit, civil = node.expressions
                return self.dialect.truncate(Grain(unit.name), civil)
            case intrinsics.PART:
                part, civil = node.expressions
                name = self.dialect.weekday if part.name == "dow" else part.name.upper()
                found = exp.Extract(this=exp.Var(this=name), expression=civil)
                return exp.Cast(this=found, to=data_type("BIGINT", self.dialect.name))
            case intrinsics.PARAMETER:
                return literal_of(self.parameters[node.expressions[0].name])
            case intrinsics.DAYS:
                return self._days(node.expressions[0])
            case intrinsics.MOVED:
                unit, number, civil = node.expressions
                count = int(number.name)
                move = exp.Add if count > 0 else exp.Sub
                return move(this=civil, expression=interval(abs(count), Grain(unit.name)))
            case _:
                return node

    def _days(self, interval: exp.Expr) -> exp.Expr:
        if not self.dialect.has_mixed_intervals:
            raise UnsupportedFeature(
                f'engine dialect "{self.dialect.name}" does not tell the days of an interval '
                "from its hours",
                hint="Write it out, with one unit: interval '1 day' or interval '36 hours'.",
            )
        return self.dialect.truncate(Grain.DAY, interval)

    def null(self, type_: LogicalType) -> exp.Expr:
        """NULL of a type, so that the columns of a union agree whichever branch is first."""
        return exp.Cast(this=exp.Null(), to=self.data_type(type_))

    def data_type(self, type_: LogicalType) -> exp.Expr:
        """The engine's name of a type."""
        if type_.kind is Kind.DECIMAL:
            return data_type(f"DECIMAL({type_.precision}, {type_.scale})", self.dialect.name)
        return data_type(self.dialect.types[type_.kind.value], self.dialect.name)

    def only_value(self, column: exp.Expr, type_: LogicalType) -> exp.Expr:
        """The one value of a group that has at most one which is not NULL."""
        return self.extreme(exp.Max(this=column), type_)

    def extreme(self, tree: exp.Expr, type_: LogicalType) -> exp.Expr:
        """A least or greatest value of a type, which of truth values has other names here."""
        if type_.kind is not Kind.BOOLEAN or self.dialect.has_boolean_max:
            return tree
        if isinstance(tree, exp.Filter):
            return exp.Filter(this=self.extreme(tree.this, type_), expression=tree.expression)
        named = _OF_BOOLEANS.get(type(tree))
        return named(this=tree.this) if named else tree


_OF_BOOLEANS: Mapping[type[exp.Expr], type[exp.Expr]] = {
    exp.Max: exp.LogicalOr,
    exp.Min: exp.LogicalAnd,
}


def data_type(text: str, dialect: str) -> exp.DataType:
    """A type as an engine writes it."""
    built = exp.DataType.build(text, dialect=dialect)
    assert isinstance(built, exp.DataType)
    return built


def _column(node: exp.Column, home: str) -> exp.Column:
    path = node.args.get("table")
    alias = path.this.replace(".", "__") if path else home
    table = identifier(alias) if alias else None
    return exp.Column(this=identifier(node.this.this), table=table)


def _end(node: exp.Expr) -> exp.Expr:
    """An operand of BETWEEN, whose grammar has no AT TIME ZONE."""
    return exp.Paren(this=node) if isinstance(node, exp.AtTimeZone) else _operand(node)


def _operand(node: exp.Expr) -> exp.Expr:
    """What is compared: an engine binds a NOT or another comparison less tightly."""
    is_bare = type(node) in COMPARISONS or isinstance(node, exp.Not | exp.And | exp.Or)
    return exp.Paren(this=node) if is_bare else node


def _conditional(node: exp.Filter) -> exp.Expr:
    """An aggregate of CASE, for engines without FILTER."""
    aggregate: exp.Expr = node.this.copy()
    predicate = node.expression.this
    inner = next(each for each in aggregate.walk() if type(each) in AGGREGATES)
    value = (
        exp.Literal(this="1", is_string=False) if isinstance(inner.this, exp.Star) else inner.this
    )
    if isinstance(value, exp.Distinct):
        first = value.expressions[0]
        first.replace(_when(predicate, first))
        return aggregate
    inner.set("this", _when(predicate, value))
    return aggregate


def _when(predicate: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=predicate.copy(), true=value.copy())])
