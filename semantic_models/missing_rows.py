"""What an expression over a joined row is where no row is met: NULL, whatever it computes.

An outer join gives NULL columns there, and most expressions make NULL of them. A constant, a
``coalesce`` or an ELSE does not: it asks first whether there is a row.
"""

from __future__ import annotations

from sqlglot import exp

from semantic_models.functions import CONDITIONS, SCALARS
from semantic_models.intrinsics import INTRINSICS

_WITHOUT_NULLS = (exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.Concat)
"""Operations whose value is never NULL for NULLs alone."""
_ALL_PARTS = (exp.Coalesce, exp.Greatest, exp.Least, exp.And, exp.Or)
"""Operations that are NULL only where each of their parts is."""
_FIRST_PART = (exp.Nullif, exp.In, exp.Between, exp.Cast, exp.Paren)


def is_null_of_nulls(tree: exp.Expr) -> bool:
    """Whether an expression is NULL wherever all of its columns are; False where in doubt."""
    if isinstance(tree, exp.Column | exp.Null):
        return True
    if isinstance(tree, exp.Case):
        return _chosen_is_null(tree)
    if isinstance(tree, exp.If):
        return _branch_is_null(tree) and _is_absent_or_null(tree.args.get("false"))
    if isinstance(tree, _WITHOUT_NULLS) or not _is_scalar(tree):
        return False
    if isinstance(tree, _FIRST_PART):
        return is_null_of_nulls(tree.this)
    parts = map(is_null_of_nulls, tree.iter_expressions())
    return all(parts) if isinstance(tree, _ALL_PARTS) else any(parts)


def _is_scalar(tree: exp.Expr) -> bool:
    if isinstance(tree, exp.Anonymous):
        return tree.name in INTRINSICS
    return type(tree) in SCALARS or type(tree) in CONDITIONS


def _chosen_is_null(case: exp.Case) -> bool:
    """A condition that is NULL chooses nothing, so that the default is left."""
    return all(map(_branch_is_null, case.args["ifs"])) and _is_absent_or_null(
        case.args.get("default")
    )


def _branch_is_null(branch: exp.If) -> bool:
    return is_null_of_nulls(branch.this) or is_null_of_nulls(branch.args["true"])


def _is_absent_or_null(tree: exp.Expr | None) -> bool:
    return tree is None or is_null_of_nulls(tree)


def null_without_row(tree: exp.Expr, key: exp.Expr) -> exp.Expr:
    """``tree``, NULL where ``key`` is: the column by which the join met the row."""
    if is_null_of_nulls(tree):
        return tree
    met = exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null()))
    return exp.Case(ifs=[exp.If(this=met, true=tree)])
