"""The functions and operators that an expression may use, as data.

What is not here is refused: a text of an author or a user never reaches an engine with a function
that could read a file, another table or the state of the process.
"""

from __future__ import annotations

from sqlglot import exp

AGGREGATES: frozenset[type[exp.Expr]] = frozenset(
    (
        exp.Sum,
        exp.Count,
        exp.Avg,
        exp.Min,
        exp.Max,
        exp.Median,
        exp.Stddev,
        exp.StddevPop,
        exp.StddevSamp,
        exp.Variance,
        exp.VariancePop,
        exp.Corr,
        exp.CovarPop,
        exp.CovarSamp,
        exp.PercentileCont,
        exp.PercentileDisc,
        exp.ApproxDistinct,
        exp.ApproxQuantile,
        exp.LogicalAnd,
        exp.LogicalOr,
        exp.CountIf,
        exp.Mode,
    )
)
"""Aggregates whose answer does not depend on the order of rows."""

COMPARISONS: frozenset[type[exp.Expr]] = frozenset(
    (
        *(exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE),
        *(exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Between, exp.Like, exp.ILike),
    )
)
"""Operators that say true or false of values; engines differ in how tightly they bind."""

CONDITIONS: frozenset[type[exp.Expr]] = frozenset(
    (
        *COMPARISONS,
        exp.And,
        exp.Or,
        exp.Not,
        exp.RegexpLike,
        exp.RegexpFullMatch,
        exp.StartsWith,
        exp.EndsWith,
        exp.Contains,
    )
)

SCALARS: frozenset[type[exp.Expr]] = frozenset(
    (
        exp.Column,
        exp.Identifier,
        exp.Literal,
        exp.Boolean,
        exp.Null,
        exp.Paren,
        exp.Case,
        exp.If,
        exp.Coalesce,
        exp.Nullif,
        exp.Greatest,
        exp.Least,
        exp.Add,
        exp.Sub,
        exp.Mul,
        exp.Div,
        exp.IntDiv,
        exp.Mod,
        exp.Neg,
        exp.Cast,
        exp.TryCast,
        exp.DataType,
        exp.DataTypeParam,
        exp.Interval,
        exp.Var,
        exp.Concat,
        exp.DPipe,
        exp.Upper,
        exp.Lower,
        exp.Trim,
        exp.Substring,
        exp.Length,
        exp.Left,
        exp.Right,
        exp.StrPosition,
        exp.Replace,
        exp.SplitPart,
        exp.Initcap,
        exp.Abs,
        exp.Sign,
        exp.Round,
        exp.Floor,
        exp.Ceil,
        exp.Trunc,
        exp.Sqrt,
        exp.Pow,
        exp.Ln,
        exp.Log,
        exp.Exp,
        exp.Sin,
        exp.Cos,
        exp.Tan,
        exp.Asin,
        exp.Acos,
        exp.Atan,
        exp.Atan2,
        exp.Radians,
        exp.Degrees,
        exp.Extract,
        exp.TimestampTrunc,
        exp.DateTrunc,
        exp.DateDiff,
        exp.DateAdd,
        exp.DateSub,
        exp.Year,
        exp.Quarter,
        exp.Month,
        exp.Week,
        exp.Day,
        exp.DayOfWeek,
        exp.DayOfWeekIso,
        exp.DayOfMonth,
        exp.DayOfYear,
        exp.Hour,
        exp.Minute,
        exp.Second,
        exp.LastDay,
    )
)

WITHIN_AGGREGATES: frozenset[type[exp.Expr]] = frozenset(
    (exp.Distinct, exp.WithinGroup, exp.Order, exp.Ordered, exp.Filter, exp.Where, exp.Star)
)
"""Forms that stand only inside or around an aggregate."""

WINDOW_FUNCTIONS: frozenset[type[exp.Expr]] = frozenset(
    (
        *(exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile),
        *(exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue),
    )
)
"""Functions that stand only before OVER."""

WITHIN_WINDOWS: frozenset[type[exp.Expr]] = frozenset(
    (exp.Window, exp.WindowSpec, exp.Order, exp.Ordered)
)

ALLOWED = AGGREGATES | CONDITIONS | SCALARS | WITHIN_AGGREGATES

TYPES = frozenset(
    exp.DType[name]
    for name in (
        *("BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL"),
        *(
            "VARCHAR",
            "TEXT",
            "CHAR",
            "DATE",
            "TIME",
            "TIMESTAMP",
            "TIMESTAMPTZ",
            "TIMESTAMPNTZ",
            "INTERVAL",
        ),
    )
)
"""The types that a cast may name."""

CLOCK_CLASSES: frozenset[type[exp.Expr]] = frozenset((exp.CurrentTimestamp, exp.CurrentDate))
CLOCK_NAMES = frozenset(("now", "today", "current_date", "current_timestamp"))
"""Functions of the request's clock; they become literals before an engine sees them."""

SHOWS_INSTANTS_AS_THEY_ARE: frozenset[type[exp.Expr]] = frozenset(
    (
        *CONDITIONS,
        *WITHIN_AGGREGATES,
        exp.Min,
        exp.Max,
        exp.Count,
        exp.Mode,
        exp.ApproxDistinct,
        exp.Paren,
    )
)
"""Forms that compare or pass on an instant; every other one reads its civil time in a zone."""

TEXT_FUNCTIONS: frozenset[type[exp.Expr]] = frozenset(
    (
        *(exp.Concat, exp.DPipe, exp.Upper, exp.Lower, exp.Trim, exp.Substring),
        *(exp.Left, exp.Right, exp.Replace, exp.SplitPart, exp.Initcap),
    )
)
"""Functions whose value is a text."""

NUMBER_FUNCTIONS: frozenset[type[exp.Expr]] = frozenset(
    (
        *(exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Abs, exp.Sign, exp.Sum, exp.Avg),
        *(exp.Round, exp.Floor, exp.Ceil, exp.Trunc, exp.Length, exp.StrPosition, exp.Extract),
        *(exp.Sqrt, exp.Pow, exp.Ln, exp.Log, exp.Exp, exp.Year, exp.Quarter, exp.Month, exp.Week),
        *(exp.Day, exp.DayOfWeek, exp.DayOfWeekIso, exp.DayOfMonth, exp.DayOfYear, exp.Hour),
        *(exp.Minute, exp.Second, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance),
    )
)
"""Functions and operators whose value is a number, unless they take an interval."""
