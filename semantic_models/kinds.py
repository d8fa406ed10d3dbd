"""What kind of value each part of an expression has, and what follows for times and literals.

An instant has no day or hour of its own: wherever an expression reads its civil time, the plan's
zone decides, never the engine's session. A literal takes the kind of what it is compared with;
a comparison of kinds that do not compare is refused, never cast.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime

from sqlglot import exp

from semantic_models.errors import TypeMismatch
from semantic_models.functions import CONDITIONS, SHOWS_INSTANTS_AS_THEY_ARE
from semantic_models.intrinsics import cast, civil, instant, truncate
from semantic_models.model import Grain
from semantic_models.types import NUMBERS, TIMES, TIMESTAMP_TZ, Kind

KindOf = Callable[[exp.Column], Kind | None]

_CAST_KINDS = {
    "BOOLEAN": Kind.BOOLEAN,
    "TINYINT": Kind.INT8,
    "SMALLINT": Kind.INT16,
    "INT": Kind.INT32,
    "BIGINT": Kind.INT64,
    "FLOAT": Kind.FLOAT32,
    "DOUBLE": Kind.FLOAT64,
    "DECIMAL": Kind.DECIMAL,
    "VARCHAR": Kind.STRING,
    "TEXT": Kind.STRING,
    "CHAR": Kind.STRING,
    "DATE": Kind.DATE,
    "TIME": Kind.TIME,
    "TIMESTAMP": Kind.TIMESTAMP,
    "TIMESTAMPNTZ": Kind.TIMESTAMP,
    "TIMESTAMPTZ": Kind.TIMESTAMP_TZ,
    "INTERVAL": Kind.INTERVAL,
}
_COMPARISONS = (
    *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between),
    *(exp.NullSafeEQ, exp.NullSafeNEQ),
)
_OFFSET = re.compile(r"\d\s*(Z|[+-]\d{2}(:?\d{2})?)$", re.IGNORECASE)
_COUNTS = (exp.Count, exp.CountIf, exp.ApproxDistinct)


def settle(tree: exp.Expr, kind_of: KindOf) -> tuple[exp.Expr, Kind | None]:
    """The tree with its times and literals settled, and its kind where it is known.

    ``tree`` is used up.

    Raises:
        TypeMismatch: it compares values of kinds that do not compare.
    """
    holder = exp.Paren(this=tree)
    kind = _settle(tree, kind_of)
    settled: exp.Expr = holder.this
    return settled.pop(), kind


def _settle(node: exp.Expr, kind_of: KindOf) -> Kind | None:
    if isinstance(node, exp.Column):
        return kind_of(node)
    if isinstance(node, exp.Literal):
        return Kind.STRING if node.is_string else Kind.FLOAT64
    children = [child for child in node.iter_expressions() if not isinstance(child, exp.DataType)]
    kinds = [_settle(child, kind_of) for child in children]
    children = [c for c in node.iter_expressions() if not isinstance(c, exp.DataType)]
    if isinstance(node, exp.Cast):
        return _settle_cast(node, kinds[0])
    if isinstance(node, _COMPARISONS):
        _settle_comparison(children, kinds)
        return Kind.BOOLEAN
    if isinstance(node, exp.Add | exp.Sub):
        return _settle_shift(node, kinds)
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc) and kinds[0] is Kind.TIMESTAMP_TZ:
        return _settle_truncation(node)
    if type(node) in SHOWS_INSTANTS_AS_THEY_ARE:
        return _passed_on(node, kinds)
    for child, kind in zip(children, kinds, strict=True):
        if kind is Kind.TIMESTAMP_TZ:
            child.replace(civil(child.copy()))
    return None


def _passed_on(node: exp.Expr, kinds: Sequence[Kind | None]) -> Kind | None:
    if isinstance(node, _COUNTS):
        return Kind.INT64
    if type(node) in CONDITIONS:
        return Kind.BOOLEAN
    if isinstance(node, exp.If):
        return kinds[1] if len(kinds) > 1 else None
    known = [kind for kind in kinds if kind is not None and kind is not Kind.BOOLEAN]
    return known[0] if known else None


def _settle_cast(node: exp.Cast, kind: Kind | None) -> Kind | None:
    target = _CAST_KINDS.get(node.to.this.name)
    inner: exp.Expr = node.this
    if kind is Kind.TIMESTAMP_TZ and target is not Kind.TIMESTAMP_TZ:
        inner.replace(civil(inner.copy()))
    elif target is Kind.TIMESTAMP_TZ and _is_civil(inner, kind):
        node.replace(instant(cast(inner.copy(), "TIMESTAMP")))
    return target


def _is_civil(node: exp.Expr, kind: Kind | None) -> bool:
    if isinstance(node, exp.Literal):
        return node.is_string and _OFFSET.search(node.name[10:]) is None
    return kind in (Kind.DATE, Kind.TIMESTAMP)


def _settle_shift(node: exp.Binary, kinds: Sequence[Kind | None]) -> Kind | None:
    """An instant moves along the calendar of the zone, so that a day may have 23 hours."""
    if not isinstance(node.expression, exp.Interval):
        return kinds[0] if kinds[0] in NUMBERS else None
    if kinds[0] is Kind.TIMESTAMP_TZ:
        moved = type(node)(this=civil(node.this.copy()), expression=node.expression.copy())
        node.replace(instant(moved))
    return Kind.TIMESTAMP if kinds[0] is Kind.DATE else kinds[0]


def _settle_truncation(node: exp.Expr) -> Kind:
    unit = str(node.args["unit"].name).lower()
    inner: exp.Expr = node.this
    if unit in Grain.__members__.values():
        node.replace(truncate(inner.copy(), Grain(unit), TIMESTAMP_TZ))
        return Kind.TIMESTAMP_TZ
    inner.replace(civil(inner.copy()))
    return Kind.TIMESTAMP


def _settle_comparison(operands: Sequence[exp.Expr], kinds: Sequence[Kind | None]) -> None:
    leading = _leading(operands, kinds)
    for operand, kind in zip(operands, kinds, strict=True):
        if kind is None or leading is None or isinstance(operand, exp.Null):
            continue
        if leading is Kind.TIMESTAMP_TZ and kind is not leading:
            _demand_time(operand, kind)
            operand.replace(instant(cast(operand.copy(), "TIMESTAMP")))
        elif leading in (Kind.DATE, Kind.TIMESTAMP) and kind is Kind.STRING:
            _demand_time(operand, kind)
            name = "DATE" if leading is Kind.DATE and len(operand.name) <= 10 else "TIMESTAMP"
            operand.replace(cast(operand.copy(), name))
        elif _family(kind) != _family(leading):
            raise TypeMismatch(
                f"a {_family(leading)} is compared with a {_family(kind)}",
                hint="Write the value as the field's type, or cast one side.",
            )


def _leading(operands: Sequence[exp.Expr], kinds: Sequence[Kind | None]) -> Kind | None:
    """The kind that the others must be: an instant's, else a written column's, else a literal's."""
    if Kind.TIMESTAMP_TZ in kinds:
        return Kind.TIMESTAMP_TZ
    known = [
        kind
        for operand, kind in zip(operands, kinds, strict=True)
        if kind is not None and not isinstance(operand, exp.Literal)
    ]
    return known[0] if known else next((kind for kind in kinds if kind is not None), None)


def _demand_time(operand: exp.Expr, kind: Kind) -> None:
    if isinstance(operand, exp.Literal) and operand.is_string and is_time_text(operand.name):
        return
    if kind in TIMES:
        return
    raise TypeMismatch(
        f"a time is compared with {operand.sql('duckdb')}",
        hint="Write a time as '2026-01-31' or '2026-01-31 12:00'.",
    )


def is_time_text(text: str) -> bool:
    """Whether a text is an ISO 8601 date or date and time."""
    try:
        datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _family(kind: Kind) -> str:
    if kind in NUMBERS:
        return "number"
    if kind in TIMES:
        return "time"
    return kind.value
