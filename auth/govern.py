"""A plan and what a principal may see to the plan that may be run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import partial

from sqlglot import exp

from auth.error_free import is_error_free
from auth.governed_scan import KEY, governed_scan
from auth.policy import On
from auth.principal import Principal
from auth.rights import EVERYTHING, RelationRights, Rights, both
from semantic_models.bind import column
from semantic_models.definitions import path_of
from semantic_models.model import Expr, Path, Table
from semantic_models.plan import (
    Filter,
    GovernedPlan,
    Join,
    LogicalPlan,
    Plan,
    Scan,
    SemiJoin,
    Spread,
    children,
    mapped,
    scope,
)

Place = tuple[str, Path]
"""The model of a scan and the path that leads to it."""


def govern(plan: Plan, principal: Principal, rights: Rights = EVERYTHING) -> GovernedPlan:
    """Make a plan safe for a principal: the only road from a plan to SQL."""
    assert principal.name, "every question has somebody who asks"
    if not rights.relations:
        return GovernedPlan(plan)
    return GovernedPlan(replace(plan, root=_governed(plan.root, rights)))


def _governed(root: LogicalPlan, rights: Rights) -> LogicalPlan:
    reading = _Reading(rights)
    keyed = reading.node(root)
    is_barrier = not all(is_error_free(each.tree) for each in _conditions(root))

    def of_plan(node: LogicalPlan) -> LogicalPlan:
        if not isinstance(node, Scan):
            return mapped(node, of_plan, lambda expr: expr)
        own = reading.rights_of(node)
        if own.is_plain:
            return node
        names = reading.names[node.model, node.path]
        made = governed_scan(node, own, rights.attributes, names)
        return replace(made, is_barrier=is_barrier and (own.is_empty or bool(own.filters)))

    return of_plan(keyed)


def _conditions(plan: LogicalPlan) -> list[Expr]:
    """What is evaluated to choose or to pair rows, anywhere in a plan."""
    match plan:
        case Filter() | Spread():
            own = list(plan.predicates)
        case Join() | SemiJoin():
            own = [*plan.predicates, *(each for pair in plan.columns for each in pair)]
        case _:
            own = []
    return own + [each for child in children(plan) for each in _conditions(child)]


@dataclass(frozen=True)
class _Reading:
    """What a plan reads of each scan that is governed."""

    rights: Rights
    names: defaultdict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The columns that are read, under the names that the governed scan gives them."""

    def node(self, node: LogicalPlan) -> LogicalPlan:
        """The same plan, whose keys read masked columns as they are."""
        return mapped(node, self.node, partial(self._expr, scope(node)))

    def rights_of(self, scan: Scan) -> RelationRights:
        """What may be seen of a scan, by policies on its model and on its table."""
        found = self.rights.relations.get(On(model=scan.model), RelationRights())
        for on, each in self.rights.relations.items():
            if isinstance(scan.relation, Table) and on.is_table(scan.relation):
                found = both(found, each)
        return found

    def _expr(self, scans: dict[Path, Scan], expr: Expr) -> Expr:
        masked: list[exp.Column] = []
        for node in expr.tree.find_all(exp.Column):
            scan = scans.get(path_of(node))
            if scan is None:
                continue
            is_masked = expr.raw and node.name in self.rights_of(scan).masks
            masked += [node] if is_masked else []
            name = KEY + node.name if is_masked else node.name
            self.names[scan.model, scan.path].add(name)
        return _as_keys(expr, masked) if masked else expr


def _as_keys(expr: Expr, masked: list[exp.Column]) -> Expr:
    """An expression that reads masked columns as they are."""
    places = {(path_of(each), each.name) for each in masked}
    holder = exp.Paren(this=expr.tree.copy())
    for node in list(holder.find_all(exp.Column)):
        if (path_of(node), node.name) in places:
            node.replace(column(KEY + node.name, path_of(node)))
    return Expr(holder.this.pop(), expr.paths, expr.origin, raw=True)
