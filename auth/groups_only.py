"""Questions of those who see groups only: what they may ask, and what of it is told.

What is not known to be safe is refused, with one code: a new form of question or plan starts out
refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from auth.errors import GroupsOnly
from auth.rights import Names
from semantic_models.bind import column_expr
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError, UnknownName
from semantic_models.expressions import name_parts
from semantic_models.functions import AGGREGATES
from semantic_models.intrinsics import PARAMETER
from semantic_models.metric_predicates import called_by
from semantic_models.model import GRAINS, Expr
from semantic_models.plan import GroupFloor
from semantic_models.plan_rows import own_predicates
from semantic_models.query import Filter, Predicate, Query
from semantic_models.resolve_branch import asked_position
from semantic_models.resolve_filters import names_in
from semantic_models.resolve_names import parts_of, reach
from semantic_models.resolved import Branch, ResolvedQuery

OF_MANY_ROWS = frozenset(
    (
        *(exp.Sum, exp.Count, exp.CountIf, exp.Avg, exp.ApproxDistinct),
        *(exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop),
        *(exp.Corr, exp.CovarPop, exp.CovarSamp),
    )
)
"""The aggregates that tell no row's own value."""
_VALUES = (exp.Literal, exp.Boolean)


@dataclass(frozen=True, slots=True)
class AskingGroups:
    """The terms on which somebody asks who sees groups only."""

    names: Names
    floor: GroupFloor | None

    def check(self, query: Query) -> None:
        """Refuse what lists rows or values, and what tells groups apart in other ways.

        Raises:
            GroupsOnly: it asks for what only those may have who see rows.
            UnknownName: a dimension is none that may be used, or is not there.
        """
        if not query.metrics:
            raise _refusal("it lists rows or values of dimensions", "Ask for metrics.")
        if query.totals:
            raise _refusal("it asks for totals", "Ask for them in a question of their own.")
        if query.top is not None and query.top.other:
            raise _refusal("it asks for all other members as one", "Leave other out of top.")
        if any(called_by(each) for each in names_in(query.where)):
            raise _refusal("it filters by a metric", "Filter by dimensions.")
        if self.names.is_metrics_only:
            self._check_names(query)

    def _check_names(self, query: Query) -> None:
        for asked in query.dimensions:
            if not self._may(asked.name):
                raise self._unknown(asked.name).at(asked_position(asked))
        for each in query.where:
            for name in names_in([each]):
                if not self._may(name):
                    raise self._unknown(name)
            if not _is_by_value(each):
                hint = "Write `dimension = value` or `dimension in (values)`."
                raise _refusal("it filters by more than equality", hint)
        if query.time.is_given:
            hint = "Group by the time, or filter it by equality."
            raise _refusal("it filters by a range of time", hint)

    def _may(self, name: str) -> bool:
        """Whether a dimension is granted, itself or as the time whose grain or part it is."""
        granted = {parts_of(each) for each in self.names.dimensions}
        parts = parts_of(name)
        is_of_time = parts[-1] in GRAINS or parts[-1].startswith("part(")
        return parts in granted or (is_of_time and parts[:-1] in granted)

    def _unknown(self, name: str) -> UnknownName:
        return UnknownName.of("dimension", name, sorted(self.names.dimensions))

    def held(self, resolved: ResolvedQuery, catalog: Catalog) -> ResolvedQuery:
        """The question with its floor.

        Raises:
            GroupsOnly: what it is made of would tell of single rows, or is not held to a floor.
        """
        for branch in resolved.branches:
            _check_branch(branch)
            for step in branch.metrics:
                self.held(step.inner, catalog)
        for nested in resolved.nested:
            if nested.aggregate in ("min", "max"):
                raise _refusal("a metric of it is the least or greatest of groups")
            replace(self, floor=None).held(nested.inner, catalog)
        return resolved if self.floor is None else _with_floor(resolved, self.floor, catalog)


def _with_floor(resolved: ResolvedQuery, floor: GroupFloor, catalog: Catalog) -> ResolvedQuery:
    """The question with a floor for its groups, and for those by which members are ranked."""
    _refuse_what_is_not_held(resolved)
    branches = tuple(_branch_with_floor(each, floor, catalog) for each in resolved.branches)
    return replace(resolved, branches=branches, floor=floor)


def _refuse_what_is_not_held(resolved: ResolvedQuery) -> None:
    is_of_groups = bool(resolved.nested or resolved.totals or resolved.windows)
    if resolved.shape != "aggregate" or is_of_groups or resolved.filling is not None:
        raise _refusal("groups of it are made of groups, ranked or filled up")
    for branch in resolved.branches:
        axis = branch.axis
        is_window = axis is not None and (axis.is_window or axis.regrain is not None)
        if branch.one_time is not None or branch.conversions is not None:
            raise _refusal("a metric of it counts rows by what other rows are")
        if branch.windows or is_window:
            raise _refusal("a metric of it counts a row in many groups")
        if any(not step.ranks for step in branch.metrics):
            raise _refusal("rows of it are filtered by a metric")


def _branch_with_floor(branch: Branch, floor: GroupFloor, catalog: Catalog) -> Branch:
    inner = tuple(
        replace(step, inner=_with_floor(step.inner, floor, catalog)) for step in branch.metrics
    )
    return replace(branch, metrics=inner, counted=_counted(branch, floor, catalog))


def _counted(branch: Branch, floor: GroupFloor, catalog: Catalog) -> Expr | None:
    """What is counted distinct in a home; None: rows."""
    if not floor.of:
        return None
    home = catalog.whole.models[branch.home.name]
    if floor.of not in home.dimensions and floor.of in (home.columns or {}):
        return column_expr(floor.of)
    try:
        found = reach(catalog.whole, home, floor.of)
    except ForebayError:
        found = None
    if found is None or found.path or found.expr().paths:
        raise _refusal(f'model "{branch.home.name}" has no count of its own for the least group')
    return found.expr()


def _check_branch(branch: Branch) -> None:
    measures = list(branch.measures)
    if branch.conversions is not None:
        measures += branch.conversions.branch.measures
    for each in measures:
        aggregates = {type(node) for node in each.measure.expr.tree.walk()} & AGGREGATES
        if not aggregates <= OF_MANY_ROWS:
            raise _refusal("a metric of it is a value of a single row")
    if any(map(_reads_parameter, _expressions(branch))):
        raise _refusal("rows of it are chosen by a parameter")


def _expressions(branch: Branch) -> Iterator[Expr]:
    """All by which the rows of a home are chosen, grouped and aggregated."""
    yield from (each.expr for each in branch.keys)
    yield from branch.filters
    if branch.home.where is not None:
        yield branch.home.where
    for measure in branch.measures:
        yield measure.measure.expr
        yield from own_predicates(measure)
    for existence in branch.existences:
        yield from existence.predicates
    if branch.conversions is not None:
        yield from _expressions(branch.conversions.branch)


def _reads_parameter(expr: Expr) -> bool:
    return any(node.name == PARAMETER for node in expr.tree.find_all(exp.Anonymous))


def _is_by_value(filter_: Filter) -> bool:
    """Whether a predicate only says which values a dimension has."""
    if not isinstance(filter_, Predicate):
        return filter_.operator in ("=", "in")
    return filter_.existing is None and _says_values(filter_.tree)


def _says_values(tree: exp.Expr) -> bool:
    match tree:
        case exp.Paren():
            return _says_values(tree.this)
        case exp.And():
            return _says_values(tree.this) and _says_values(tree.expression)
        case exp.EQ():
            sides = (tree.this, tree.expression)
            return any(map(_is_name, sides)) and any(map(_is_value, sides))
        case exp.In():
            listed: Iterable[exp.Expr] = tree.expressions
            is_list = not (tree.args.get("query") or tree.args.get("unnest"))
            return is_list and _is_name(tree.this) and all(map(_is_value, listed))
        case _:
            return False


def _is_name(tree: exp.Expr) -> bool:
    return name_parts(tree) is not None


def _is_value(tree: exp.Expr) -> bool:
    inner = tree.this if isinstance(tree, exp.Cast | exp.Neg | exp.Paren) else tree
    return isinstance(inner, _VALUES)


def _refusal(why: str, hint: str = "Ask for sums and counts of groups.") -> GroupsOnly:
    return GroupsOnly(
        "the question may tell of single rows, and who asks sees groups only",
        detail=f"{why[0].upper()}{why[1:]}.",
        hint=hint,
    )
