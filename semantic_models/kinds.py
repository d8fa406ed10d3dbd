"""What kind of value each part of an expression has, and what follows for times and literals.

An instant has no day or hour of its own: wherever an expression reads its civil time, the plan's
zone decides, never the engine's session. A literal takes the kind of what it is compared with;
a comparison of kinds that do not compare is refused, never cast.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from sqlglot import exp

from semantic_models.errors import TypeMismatch
from semantic_models.functions import (
    CONDITIONS,
    NUMBER_FUNCTIONS,
    SHOWS_INSTANTS_AS_THEY_ARE,
    TEXT_FUNCTIONS,
)
from semantic_models.intrinsics import cast, civil, instant, truncate
from semantic_models.model import GRAINS, Grain
from semantic_models.shifts import as_sum, shifted
from semantic_models.types import INTEGERS, NUMBERS, TIMES, TIMESTAMP_TZ, UNSIGNED, Kind

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
_PRODUCTS = (exp.Mul, exp.Neg)
_SUMS = exp.Add | exp.Sub
_SHIFTS = exp.DateAdd | exp.DateSub
_DIVISIONS = exp.Div | exp.IntDiv | exp.Mod
_CHOICES = (exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)
_PATTERNS = (
    *(exp.Like, exp.ILike, exp.RegexpLike, exp.RegexpFullMatch),
    *(exp.StartsWith, exp.EndsWith, exp.Contains),
)
_TIME_TEXT = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?",
    re.IGNORECASE,
)
_WRITTEN: Mapping[Kind, tuple[re.Pattern[str], str]] = {
    Kind.TIME: (
        re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"),
        "Write a time of day as '12:30' or '12:30:15.5', from 00:00 to 23:59:59.",
    ),
    Kind.UUID: (
        re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE),
        "Write a uuid with its hyphens: '01234567-89ab-cdef-0123-456789abcdef'.",
    ),
}
"""The texts that are read as a kind's values, and how they are written."""
_OFFSET = re.compile(r"\d\s*(Z|[+-]\d{2}(:?\d{2})?)$", re.IGNORECASE)
_COUNTS = (exp.Count, exp.CountIf, exp.ApproxDistinct)
_CENTRES = (exp.Median, exp.PercentileCont)


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
    if isinstance(node, exp.Literal | exp.Boolean):
        return _written(node)
    if isinstance(node, exp.Case):
        _search(node)
    kinds = [_settle(part, kind_of) for part in _parts(node)]
    parts = _parts(node)
    if isinstance(node, exp.Cast):
        return _settle_cast(node, kinds[0])
    if isinstance(node, _SUMS | _DIVISIONS | _SHIFTS):
        return _settle_arithmetic(node, kinds, kind_of)
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
        return _settle_truncation(node, kinds[0])
    if isinstance(node, exp.Case | exp.If):
        values = _values(node)
        return _meet(values, [kinds[_place(parts, each)] for each in values])
    if isinstance(node, _COMPARISONS):
        _meet(parts, kinds)
        return Kind.BOOLEAN
    if isinstance(node, _CHOICES):
        return _meet(parts, kinds)
    return _settle_call(node, parts, kinds)


def _written(node: exp.Literal | exp.Boolean) -> Kind:
    if isinstance(node, exp.Boolean):
        return Kind.BOOLEAN
    return Kind.STRING if node.is_string else Kind.FLOAT64


def _parts(node: exp.Expr) -> list[exp.Expr]:
    return [part for part in node.iter_expressions() if not isinstance(part, exp.DataType)]


def _place(parts: Sequence[exp.Expr], wanted: exp.Expr) -> int:
    return next(number for number, part in enumerate(parts) if part is wanted)


def _search(case: exp.Case) -> None:
    """``CASE x WHEN a`` as ``CASE WHEN x = a``, so that the two are compared like any others."""
    subject = case.args.get("this")
    if subject is None:
        return
    for each in case.args["ifs"]:
        each.set("this", exp.EQ(this=subject.copy(), expression=each.this.copy()))
    case.set("this", None)


def _values(node: exp.Expr) -> list[exp.Expr]:
    """What a CASE or IF may give; the branches of a CASE stand for their values."""
    keys = ("default",) if isinstance(node, exp.Case) else ("true", "false")
    alone = [node.args[key] for key in keys if node.args.get(key) is not None]
    return [*node.args.get("ifs", ()), *alone]


def _settle_call(
    node: exp.Expr, parts: Sequence[exp.Expr], kinds: Sequence[Kind | None]
) -> Kind | None:
    if isinstance(node, exp.And | exp.Or | exp.Not):
        _demand(parts, kinds, Kind.BOOLEAN)
    if isinstance(node, _PATTERNS):
        _demand(parts, kinds, Kind.STRING)
    if isinstance(node, _PRODUCTS):
        _demand_quantities(kinds)
        _refuse_lost_sign(node, kinds)
    if isinstance(node, exp.Interval):
        return Kind.INTERVAL
    if isinstance(node, _CENTRES) or isinstance(node.this, exp.PercentileCont):
        _measure_finely(node, kinds)
    if type(node) in SHOWS_INSTANTS_AS_THEY_ARE:
        return _passed_on(node, kinds)
    if not _reads_elapsed_time(node, kinds):
        for part, kind in zip(parts, kinds, strict=True):
            if kind is Kind.TIMESTAMP_TZ:
                part.replace(civil(part.copy()))
    return _result(node, kinds)


def _settle_arithmetic(
    node: exp.Expr, kinds: Sequence[Kind | None], kind_of: KindOf
) -> Kind | None:
    if isinstance(node, _SHIFTS):
        if kinds[1] is not Kind.INTERVAL:
            return _settle_call(node, _parts(node), kinds)
        node = as_sum(node)
    _demand_quantities(kinds)
    if isinstance(node, _SUMS):
        return _settle_shift(node, kinds, kind_of)
    assert isinstance(node, exp.Binary), "it is a quotient"
    return _settle_division(node, kinds)


def _settle_division(node: exp.Binary, kinds: Sequence[Kind | None]) -> Kind:
    """What is divided by 0 is NULL; the quotient of two numbers is a float64, a whole one whole.

    Left alone, engines give infinity, NULL or an error, and some cut the quotient of integers.
    """
    left, right = node.this.copy(), node.expression.copy()
    if Kind.INTERVAL in kinds:
        node.replace(type(node)(this=left, expression=_or_null(right)))
        return Kind.INTERVAL
    if isinstance(node, exp.Div):
        right = right if isinstance(right, exp.Literal) else cast(right, "DOUBLE")
        safe = {"typed": True, "safe": False}
        node.replace(exp.Div(this=cast(left, "DOUBLE"), expression=_or_null(right), **safe))
        return Kind.FLOAT64
    operands = zip((left, right), kinds, strict=True)
    is_whole = all(_is_whole(*each) for each in operands)
    divided: exp.Expr = type(node)(this=left, expression=_or_null(right))
    if isinstance(node, exp.IntDiv) and not is_whole:
        divided = exp.Trunc(this=divided)
    node.replace(divided)
    if is_whole:
        return Kind.INT64
    return Kind.DECIMAL if Kind.DECIMAL in kinds else Kind.FLOAT64


def _or_null(divisor: exp.Expr) -> exp.Expr:
    """A divisor that is never 0."""
    if isinstance(divisor, exp.Literal) and float(divisor.name):
        return divisor
    return exp.Nullif(this=divisor, expression=exp.Literal(this="0", is_string=False))


def _is_whole(operand: exp.Expr, kind: Kind | None) -> bool:
    is_written = isinstance(operand, exp.Literal) and operand.name.removeprefix("-").isdigit()
    return is_written or kind in INTEGERS


_ELAPSED = ("hour", "minute", "second", "millisecond", "microsecond")


def _reads_elapsed_time(node: exp.Expr, kinds: Sequence[Kind | None]) -> bool:
    """Whether what lies between instants is counted, which is the same in every zone."""
    if isinstance(node, exp.Extract):
        return str(node.this.name).lower() == "epoch"
    unit = node.args.get("unit")
    if not isinstance(node, exp.DateDiff) or unit is None or unit.name.lower() not in _ELAPSED:
        return False
    return all(kind is Kind.TIMESTAMP_TZ for kind in kinds if kind in TIMES)


def _demand(parts: Sequence[exp.Expr], kinds: Sequence[Kind | None], wanted: Kind) -> None:
    for part, kind in zip(parts, kinds, strict=True):
        if kind not in (wanted, None) and not isinstance(part, exp.Null):
            raise TypeMismatch(
                f"a {_family(kind)} stands where a {wanted.value} is expected",
                hint="Compare it with something, or cast it.",
            )


def _demand_quantities(kinds: Sequence[Kind | None]) -> None:
    for kind in kinds:
        if kind in (Kind.STRING, Kind.BOOLEAN, Kind.BINARY):
            raise TypeMismatch(
                f"a {kind.value} stands where a number or time is expected", hint="Cast it."
            )


def _refuse_lost_sign(node: exp.Expr, kinds: Sequence[Kind | None]) -> None:
    if isinstance(node, exp.Neg) and kinds[0] in UNSIGNED:
        raise TypeMismatch(
            "a number of a kind without signs is negated", hint="Cast it to a signed one first."
        )


def _measure_finely(node: exp.Expr, kinds: Sequence[Kind | None]) -> None:
    """A middle between two decimals has more digits than they have."""
    ordered = node.find(exp.Ordered)
    value: exp.Expr = ordered.this if ordered is not None else node.this
    if Kind.DECIMAL in kinds:
        value.replace(cast(value.copy(), "DOUBLE"))


def _passed_on(node: exp.Expr, kinds: Sequence[Kind | None]) -> Kind | None:
    if isinstance(node, _COUNTS):
        return Kind.INT64
    if type(node) in CONDITIONS:
        return Kind.BOOLEAN
    return next((kind for kind in kinds if kind is not None), None)


def _result(node: exp.Expr, kinds: Sequence[Kind | None]) -> Kind | None:
    """The kind of what a function or operator makes of civil times, numbers and texts."""
    if type(node) in TEXT_FUNCTIONS:
        return Kind.STRING
    if isinstance(node, exp.LastDay):
        return Kind.DATE
    if isinstance(node, _SHIFTS):
        return Kind.TIMESTAMP
    if Kind.INTERVAL in kinds:
        return Kind.INTERVAL
    if type(node) not in NUMBER_FUNCTIONS:
        return None
    return Kind.DECIMAL if Kind.DECIMAL in kinds else Kind.FLOAT64


def _settle_cast(node: exp.Cast, kind: Kind | None) -> Kind | None:
    target = _CAST_KINDS.get(node.to.this.name)
    inner: exp.Expr = node.this
    if isinstance(inner, exp.Literal) and target in TIMES and not isinstance(node, exp.TryCast):
        _demand_time(inner, kind)
        _refuse_offset(inner, target)
    if target is Kind.TIME and isinstance(inner, exp.Literal) and type(node) is exp.Cast:
        _read(inner, target)
    if kind is Kind.TIMESTAMP_TZ and target is not Kind.TIMESTAMP_TZ:
        inner.replace(civil(inner.copy()))
    elif target is Kind.TIMESTAMP_TZ and _is_civil(inner, kind):
        node.replace(instant(cast(_plain(inner.copy()), "TIMESTAMP")))
    elif target in TIMES and isinstance(inner, exp.Literal) and type(node) is exp.Cast:
        inner.replace(_plain(inner.copy()))
    elif target is Kind.TIMESTAMP_TZ and kind is Kind.STRING and not _has_offset(inner):
        raise TypeMismatch(
            "a text is cast to an instant",
            hint="Cast it to timestamp: the question's zone then says which instant is meant.",
        )
    return target


def _is_civil(node: exp.Expr, kind: Kind | None) -> bool:
    if isinstance(node, exp.Literal):
        return node.is_string and not _has_offset(node)
    return kind in (Kind.DATE, Kind.TIMESTAMP)


def _has_offset(node: exp.Expr) -> bool:
    """Whether a literal says by itself which instant it is."""
    return isinstance(node, exp.Literal) and _OFFSET.search(node.name[10:]) is not None


def _refuse_offset(node: exp.Expr, kind: Kind | None) -> None:
    if kind is not Kind.TIMESTAMP_TZ and _has_offset(node):
        raise TypeMismatch(
            f"{node.sql('duckdb')} is an instant, and is read as a time without a zone",
            hint="Leave the offset out: such a column holds what a clock shows.",
        )


def _settle_shift(node: exp.Binary, kinds: Sequence[Kind | None], kind_of: KindOf) -> Kind | None:
    """Times that are moved or subtracted, and sums of numbers."""
    if kinds[0] is Kind.INTERVAL and isinstance(node, exp.Add) and kinds[1] in TIMES:
        left, right = node.expression.copy(), node.this.copy()
        node.set("this", left)
        node.set("expression", right)
        kinds = (kinds[1], kinds[0])
    if kinds[1] is Kind.INTERVAL:
        if kinds[0] is Kind.TIMESTAMP_TZ:
            moment, by = node.this.copy(), node.expression.copy()
            node.replace(shifted(type(node), moment, by, partial(_is_counted, kind_of)))
        return Kind.TIMESTAMP if kinds[0] is Kind.DATE else kinds[0]
    if kinds[0] in TIMES and kinds[1] in TIMES:
        _meet([node.this, node.expression], kinds)
        return Kind.INT64 if set(kinds) == {Kind.DATE} else Kind.INTERVAL
    if kinds[0] in (Kind.TIMESTAMP, Kind.TIMESTAMP_TZ) and kinds[1] is not None:
        raise TypeMismatch(
            f"a time is moved by a {_family(kinds[1])}",
            hint="Write an interval, such as interval '12 weeks'.",
        )
    return Kind.DATE if Kind.DATE in kinds else _sum_kind(kinds)


def _is_counted(kind_of: KindOf, factor: exp.Expr) -> bool:
    return _is_whole(factor, kind_of(factor) if isinstance(factor, exp.Column) else None)


def _sum_kind(kinds: Sequence[Kind | None]) -> Kind | None:
    if Kind.DECIMAL in kinds:
        return Kind.DECIMAL
    return next((kind for kind in kinds if kind in NUMBERS), None)


def _settle_truncation(node: exp.Expr, kind: Kind | None) -> Kind:
    unit = str(node.args["unit"].name).lower()
    inner: exp.Expr = node.this
    if kind is not Kind.TIMESTAMP_TZ:
        return Kind.TIMESTAMP
    if unit in GRAINS:
        node.replace(truncate(inner.copy(), Grain(unit), TIMESTAMP_TZ))
        return Kind.TIMESTAMP_TZ
    inner.replace(civil(inner.copy()))
    return Kind.TIMESTAMP


def _meet(operands: Sequence[exp.Expr], kinds: Sequence[Kind | None]) -> Kind | None:
    """Make values that are compared, or of which one is chosen, one kind; tell that kind."""
    leading = _leading(operands, kinds)
    for operand, kind in zip(operands, kinds, strict=True):
        if kind is None or leading is None or isinstance(operand, exp.Null):
            continue
        value = operand.args["true"] if isinstance(operand, exp.If) else operand
        if leading is Kind.TIMESTAMP_TZ and kind is not leading:
            _demand_time(value, kind)
            value.replace(_as_instant(value.copy()))
        elif leading in _WRITTEN and kind is Kind.STRING and isinstance(value, exp.Literal):
            value.replace(_read(value, leading))
        elif leading in (Kind.DATE, Kind.TIMESTAMP) and kind is Kind.STRING:
            _demand_time(value, kind)
            _refuse_offset(value, leading)
            name = "DATE" if leading is Kind.DATE and len(value.name) <= 10 else "TIMESTAMP"
            value.replace(cast(_plain(value.copy()), name))
        elif _family(kind) != _family(leading):
            raise TypeMismatch(
                f"a {_family(leading)} is compared with a {_family(kind)}",
                hint="Write the value as the field's type, or cast one side.",
            )
    return Kind.TIMESTAMP if leading is Kind.DATE and Kind.TIMESTAMP in kinds else leading


def _as_instant(value: exp.Expr) -> exp.Expr:
    if _has_offset(value):
        return cast(_plain(value), "TIMESTAMPTZ")
    return instant(cast(_plain(value), "TIMESTAMP"))


def _plain(value: exp.Expr) -> exp.Expr:
    """A written time in the one form that every engine reads; any other value as it is."""
    if not isinstance(value, exp.Literal) or len(value.name) <= 10:
        return value
    written = _moment(value.name)
    moment = written.astimezone(UTC) if written.tzinfo else written
    return exp.Literal(this=moment.isoformat(sep=" "), is_string=True)


def _leading(operands: Sequence[exp.Expr], kinds: Sequence[Kind | None]) -> Kind | None:
    """The kind that the others must be: an instant's, else a written column's, else a literal's."""
    if Kind.TIMESTAMP_TZ in kinds:
        return Kind.TIMESTAMP_TZ
    known = [
        kind
        for operand, kind in zip(operands, kinds, strict=True)
        if kind is not None and not _is_literal(operand)
    ]
    return known[0] if known else next((kind for kind in kinds if kind is not None), None)


def _is_literal(operand: exp.Expr) -> bool:
    value = operand.args["true"] if isinstance(operand, exp.If) else operand
    return isinstance(value, exp.Literal)


def _demand_time(operand: exp.Expr, kind: Kind | None) -> None:
    if isinstance(operand, exp.Literal) and operand.is_string and is_time_text(operand.name):
        return
    if kind in TIMES:
        return
    raise TypeMismatch(
        f"a time is compared with {operand.sql('duckdb')}",
        hint=hint_of(Kind.TIMESTAMP),
    )


def _read(value: exp.Literal, kind: Kind) -> exp.Expr:
    """A text as the value of another kind that it spells."""
    if not is_text_of(value.name, kind):
        raise TypeMismatch(
            f"a {_family(kind)} is compared with {value.sql('duckdb')}", hint=hint_of(kind)
        )
    return cast(value.copy(), kind.name)


def is_text_of(text: str, kind: Kind | None) -> bool:
    """Whether a text spells a value of a kind that is no text, as every engine reads it."""
    if kind in TIMES:
        return is_time_text(text)
    written = _WRITTEN.get(kind) if kind else None
    return written is not None and written[0].fullmatch(text) is not None


def hint_of(kind: Kind | None) -> str:
    """How values of a kind are written."""
    if kind in TIMES:
        return "Write a time as '2026-01-31' or '2026-01-31 12:00'."
    written = _WRITTEN.get(kind) if kind else None
    return written[1] if written else "Give the value in the field's own type."


def is_time_text(text: str) -> bool:
    """Whether a text is a date, or a date and time, as every engine reads it."""
    if _TIME_TEXT.fullmatch(text) is None:
        return False
    try:
        _moment(text)
    except ValueError:
        return False
    return True


def _moment(text: str) -> datetime:
    """A written time; ``_TIME_TEXT`` allows a space before its offset, Python does not."""
    return datetime.fromisoformat(re.sub(r" (?=[Z+-])", "", text.upper()))


def _family(kind: Kind) -> str:
    if kind in NUMBERS:
        return "number"
    if kind in TIMES:
        return "time"
    return "time of day" if kind is Kind.TIME else kind.value
