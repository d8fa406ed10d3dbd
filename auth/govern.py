"""A plan and what a principal may see to the plan that may be run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import partial

from sqlglot import exp

from auth.barrier import home_of, needs_barrier, split
from auth.errors import GroupsOnly
from auth.governed_scan import KEY, ROW, governed_scan
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
    added,
    mapped,
    scope,
)
from semantic_models.tables_read import tables_of

Place = tuple[str, Path]
"""The model of a scan and the path that leads to it."""


def govern(plan: Plan, principal: Principal, rights: Rights = EVERYTHING) -> GovernedPlan:
    """Make a plan safe for a principal: the only road from a plan to SQL."""
    assert principal.name, "every question has somebody who asks"
    if plan.floor != rights.floor:
        raise GroupsOnly(
            "the plan is not held to the least group of who asks",
            hint="Ask for metrics by dimensions.",
        )
    if not rights.relations:
        return GovernedPlan(plan)
    return GovernedPlan(replace(plan, root=_governed(plan.root, rights)))


def _governed(root: LogicalPlan, rights: Rights) -> LogicalPlan:
    reading = _Reading(rights)
    keyed = reading.node(root)
    return _Placing(reading, needs_barrier(root)).node(keyed)


@dataclass(frozen=True)
class _Placing:
    """Puts what may be seen of each scan in its place."""

    reading: _Reading
    is_barrier: bool
    """Whether rows that are not seen are kept from what chooses rows."""

    def node(self, node: LogicalPlan, beside: tuple[Expr, ...] = ()) -> LogicalPlan:
        """The same plan over what may be seen.

        Predicates ``beside`` the policies of its home's scan choose among the rows that are seen.
        """
        match node:
            case Scan():
                return self._scan(node, beside)
            case Filter():
                inside, above = self._split(node)
                rows = self.node(node.input, (*beside, *inside))
                return replace(node, input=rows, predicates=above) if above else rows
            case Join() | SemiJoin():
                rows = self.node(node.input, beside)
                return replace(node, input=rows, right=self.node(node.right))
            case Spread():
                rows = self.node(node.input, beside)
                return replace(node, input=rows, periods=self.node(node.periods))
            case _:
                assert not beside, "predicates stand beside the policies of a scan"
                return mapped(node, self.node, lambda expr: expr)

    def _split(self, node: Filter) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
        home = home_of(node.input)
        if home is None or not self._has_barrier(self.reading.rights_of(home)):
            return (), node.predicates
        return split(node.predicates, home.path, self.reading.rights_of(home).masks)

    def _has_barrier(self, own: RelationRights) -> bool:
        return self.is_barrier and (own.is_empty or bool(own.filters))

    def _scan(self, scan: Scan, beside: tuple[Expr, ...]) -> LogicalPlan:
        reading = self.reading
        own = reading.rights_of(scan)
        read = reading.within(scan)
        if own.is_plain:
            assert not beside, "there are policies that predicates stand beside"
            return read
        names = reading.names[scan.model, scan.path]
        made = governed_scan(read, own, reading.rights.attributes, names, beside)
        return replace(made, is_barrier=self._has_barrier(own))


@dataclass(frozen=True)
class _Reading:
    """What a plan reads of each scan that is governed."""

    rights: Rights
    names: defaultdict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The columns that are read, under the names that the governed scan gives them."""

    def node(self, node: LogicalPlan) -> LogicalPlan:
        """The same plan, whose keys read masked columns as they are."""
        return mapped(node, self.node, partial(self._expr, scope(node), added(node)))

    def rights_of(self, scan: Scan) -> RelationRights:
        """What may be seen of a scan, by policies on its model and on its table."""
        found = self.rights.relations.get(On(model=scan.model), RelationRights())
        for on, each in self.rights.relations.items():
            if isinstance(scan.relation, Table) and on.is_table(scan.relation):
                found = both(found, each)
        return found

    def within(self, scan: Scan) -> Scan:
        """The same scan; of an author's SELECT each table is what may be seen of it.

        What the SELECT computes may fail on any row, so that none comes out of a table that is
        not seen.
        """
        if isinstance(scan.relation, Table):
            return scan
        tables = []
        for parts in tables_of(scan.relation):
            table = Scan(ROW, (), Table(parts))
            own = self.rights_of(table)
            if not own.is_plain:
                made = governed_scan(table, own, self.rights.attributes, self._columns(table))
                tables.append((parts, replace(made, is_barrier=True)))
        return replace(scan, tables=tuple(tables)) if tables else scan

    def _columns(self, table: Scan) -> tuple[str, ...]:
        assert isinstance(table.relation, Table), "of tables alone"
        known = self.rights.columns.items()
        return next(columns for on, columns in known if on.is_table(table.relation))

    def _expr(
        self, scans: dict[Path, Scan], computed: frozenset[tuple[Path, str]], expr: Expr
    ) -> Expr:
        masked: list[exp.Column] = []
        for node in expr.tree.find_all(exp.Column):
            path = path_of(node)
            scan = scans.get(path)
            if scan is None or (path, node.name) in computed:
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
