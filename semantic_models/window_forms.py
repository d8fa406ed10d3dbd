"""Window functions as authors write them: what may stand before OVER and within it."""

from __future__ import annotations

from sqlglot import exp

from semantic_models.errors import DeferredFrame, ForebayError, MalformedSql, NestedWindow
from semantic_models.functions import AGGREGATES, WINDOW_FUNCTIONS, WITHIN_WINDOWS

_BOUNDS = ("UNBOUNDED", "CURRENT ROW", None)


def is_windowing(node: exp.Expr) -> bool:
    """Whether a node is a window, a part of one, or a function of windows only."""
    return type(node) in WITHIN_WINDOWS or type(node) in WINDOW_FUNCTIONS


def is_windowed(aggregate: exp.Expr) -> bool:
    """Whether an aggregate is the function of a window."""
    parent = aggregate.parent
    while isinstance(parent, exp.Filter | exp.WithinGroup):
        aggregate, parent = parent, parent.parent
    return isinstance(parent, exp.Window) and parent.this is aggregate


def has_window(tree: exp.Expr) -> bool:
    """Whether a window stands anywhere in a tree."""
    return tree.find(exp.Window) is not None


def window_fault(node: exp.Expr) -> ForebayError | None:
    """Why a part of a window is refused, if it is."""
    if isinstance(node, exp.Window):
        return _of_window(node)
    if isinstance(node, exp.WindowSpec):
        return _of_frame(node)
    if type(node) in WINDOW_FUNCTIONS and not isinstance(node.parent, exp.Window):
        return MalformedSql(
            "a window function stands without OVER", hint="Write OVER (…) behind it."
        )
    return None


def _of_window(node: exp.Window) -> ForebayError | None:
    if node.find_ancestor(exp.Window) is not None:
        return nested_window()
    function = node.this
    while isinstance(function, exp.Filter | exp.WithinGroup):
        function = function.this
    if node.args.get("alias") is not None:
        return MalformedSql("a window has a name", hint="Write OVER (…) out.")
    if type(function) not in WINDOW_FUNCTIONS | AGGREGATES:
        return MalformedSql(
            "OVER stands behind what is no window function",
            hint="Write an aggregate, or a function such as rank() or lag(…), before it.",
        )
    return None


def nested_window() -> NestedWindow:
    """The refusal of a window within a window."""
    return NestedWindow(
        "a window function stands inside another one",
        hint="Compute the inner one in the model's `sql`.",
    )


def _of_frame(node: exp.WindowSpec) -> ForebayError | None:
    is_by_groups = str(node.args.get("kind", "")).upper() == "GROUPS"
    bounds = (node.args.get("start"), node.args.get("end"))
    written = [each for each in bounds if isinstance(each, exp.Expr)]
    if not is_by_groups and all(isinstance(each, exp.Literal | exp.Interval) for each in written):
        return None
    return DeferredFrame(
        "the frame of a window is by groups, or has a bound that is not written out",
        hint="Write ROWS or RANGE between numbers, UNBOUNDED and CURRENT ROW.",
    )
