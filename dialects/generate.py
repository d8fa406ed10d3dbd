"""A governed plan to one engine's SELECT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count

from sqlglot import Dialect as SqlDialect
from sqlglot import exp

from dialects.block import Block, aliased, conjunction, identifier, number
from dialects.dates import interval
from dialects.dialect import Dialect
from dialects.lower import Lowering
from dialects.physical import PhysicalQuery
from semantic_models.model import Expr, Grain, Path, Relation, Select, Table
from semantic_models.periods import PERIOD, PERIODS_MAX, SPINE, TOO_MANY
from semantic_models.plan import (
    Aggregate,
    Behind,
    Distinct,
    Fill,
    Filter,
    Governed,
    GovernedPlan,
    Join,
    Limit,
    LogicalPlan,
    Lookup,
    Output,
    Pick,
    Project,
    Scan,
    SemiJoin,
    Series,
    Sort,
    SortKey,
    Spread,
    Stitch,
    Union,
    Windowed,
    outputs,
    scans,
)
from semantic_models.tables_read import with_tables

Rows = Scan | Governed | Join | Filter | SemiJoin | Spread | Series | Windowed | Behind
"""The nodes whose rows can still be joined and filtered."""

ROW = "r:"
"""The column that numbers the rows of a group; no member has such a name, and no alias may."""


def generate(governed: GovernedPlan, dialect: Dialect) -> PhysicalQuery:
    """Write a plan in an engine's SQL; the same plan always gives the same text.

    Raises:
        UnsupportedFeature: the engine has no exact way to compute a part of the plan.
    """
    plan = governed.plan
    generator = _Generator(Lowering(dialect, plan.zone, plan.parameters), count())
    tree = generator.block(plan.root).select(plan.columns)
    return PhysicalQuery(
        text=_writer(dialect.name).generate(tree, copy=False, identify=True, comments=False),
        dialect=dialect.name,
        engine=plan.engine,
        columns=tuple((each.name, each.type) for each in plan.columns),
        relations=tuple(generator.relations),
    )


@cache
def _writer(dialect_name: str) -> SqlDialect:
    """What writes a tree as text; every text has a generator of its own."""
    return SqlDialect.get_or_raise(dialect_name)


def relation_name(relation: Relation) -> str:
    """A relation as a text that names it."""
    match relation:
        case Table(parts):
            return ".".join(parts)
        case Select(tree):
            return tree.sql(dialect="duckdb")


def alias(path: Path, model: str) -> str:
    """The name of a scan inside its block; a join path is unique in it."""
    return "__".join(path) if path else model


@dataclass(frozen=True, slots=True)
class _Generator:
    lowering: Lowering
    numbers: Iterator[int]
    relations: dict[str, None] = field(default_factory=dict)
    """The names of the relations that are read, in the order in which they are met."""

    def block(self, plan: LogicalPlan) -> Block:
        """The SELECT of a plan, as far as it goes in one."""
        match plan:
            case Pick() | Fill() | Lookup() | Stitch() | Union():
                return self._put_together(plan)
            case Project():
                return self._project(plan)
            case Distinct():
                block = self._computed(self._open(plan.input), plan.columns)
                block.distinct = True
                return block
            case Aggregate():
                block = self._computed(self._open(plan.input), (*plan.keys, *plan.measures))
                block.group = tuple(key.name for key in plan.keys)
                return block
            case Sort():
                return self._ordered(plan, self.block(plan.input))
            case Limit():
                return _cut(plan, self.block(plan.input))
            case _:
                return self._rows(plan)

    def _put_together(self, plan: Pick | Fill | Lookup | Stitch | Union) -> Block:
        match plan:
            case Lookup():
                return self._lookup(plan)
            case Pick():
                return self._pick(plan)
            case Fill():
                return self._fill(plan)
            case Stitch():
                return self._stitch(plan)
            case Union():
                return self._union(plan)

    def _rows(self, plan: Rows) -> Block:
        match plan:
            case Scan():
                self.relations[relation_name(plan.relation)] = None
                name = alias(plan.path, plan.model)
                return Block(self._relation(plan, name), name)
            case Governed():
                return self._governed(plan)
            case Join():
                return self._join(plan)
            case Filter():
                block = self._open(plan.input)
                block.where += [self._lower(each, block) for each in plan.predicates]
                return block
            case SemiJoin():
                return self._semi_join(plan)
            case Spread():
                return self._spread(plan)
            case Series():
                return self._series(plan)
            case Windowed():
                return self._windowed(plan)
            case Behind():
                name = alias(plan.path, "")
                tree = self.block(plan.input).tree()
                return Block(exp.Subquery(this=tree, alias=_table_alias(name)), name)

    def _governed(self, plan: Governed) -> Block:
        tree = self.block(plan.input).tree()
        self.relations.update((relation_name(each), None) for each in plan.sources)
        if plan.is_barrier:
            tree.set("offset", exp.Offset(expression=number(0)))
        name = alias(plan.path, plan.model)
        return Block(exp.Subquery(this=tree, alias=_table_alias(name)), name)

    def _spread(self, plan: Spread) -> Block:
        block = self._open(plan.input)
        periods = self._periods(plan.periods)
        if plan.predicates:
            on = conjunction([self._lower(each, block) for each in plan.predicates])
            block.joins.append(exp.Join(this=periods, kind="INNER", on=on))
        else:
            block.joins.append(exp.Join(this=periods, kind="CROSS"))
        return block

    def _open(self, plan: LogicalPlan) -> Block:
        block = self.block(plan)
        return block if block.is_open else self._wrapped(block)

    def _wrapped(self, block: Block, name: str = "") -> Block:
        if not block.columns:
            raise AssertionError("only computed columns can be read from outside")
        name = name or f"s{next(self.numbers)}"
        wrapped = Block(exp.Subquery(this=block.tree(), alias=_table_alias(name)), "")
        wrapped.names = block.names
        return wrapped

    def _relation(self, scan: Scan, name: str) -> exp.Expr:
        match scan.relation:
            case Table(parts):
                keys = ("this", "db", "catalog")
                named = dict(zip(keys, map(identifier, reversed(parts)), strict=False))
                return exp.Table(**named, alias=_table_alias(name))
            case Select(tree):
                rows = {parts: self._governed(each).source for parts, each in scan.tables}
                tree = with_tables(tree, rows) if rows else tree.copy()
                return exp.Subquery(this=tree, alias=_table_alias(name))

    def _join(self, plan: Join) -> Block:
        block = self.block(plan.input)
        if not block.is_open:
            home = scans(plan.input)[0]
            block = self._wrapped(block, alias(home.path, home.model))
            block.home = block.source.alias
        right = self.block(plan.right)
        source = right.source
        if right.where:
            inner = right.home
            right.columns = [exp.Column(this=exp.Star(), table=identifier(inner))]
            source = exp.Subquery(this=right.tree(), alias=_table_alias(inner))
        on = conjunction(
            [
                *(
                    exp.EQ(this=self._lower(left, block), expression=self._lower(other, block))
                    for left, other in plan.columns
                ),
                *(self._lower(each, block) for each in plan.predicates),
            ]
        )
        block.joins.append(exp.Join(this=source, side="LEFT", on=on))
        return block

    def _semi_join(self, plan: SemiJoin) -> Block:
        block = self._open(plan.input)
        inner = self._open(plan.right)
        inner.columns = [number(1)]
        inner.where = [
            *(
                exp.EQ(this=self._lower(right, block), expression=self._lower(left, block))
                for left, right in plan.columns
            ),
            *inner.where,
            *(self._lower(each, block) for each in plan.predicates),
        ]
        exists = exp.Exists(this=inner.tree())
        block.where.append(exp.Not(this=exists) if plan.is_none else exists)
        return block

    def _computed(self, block: Block, outputs: Sequence[Output]) -> Block:
        block.columns = [aliased(self._output(each, block), each.name) for each in outputs]
        block.names = tuple(each.name for each in outputs)
        return block

    def _project(self, plan: Project) -> Block:
        """Compute columns in the SELECT that orders and cuts, so that its order is the last."""
        above: list[Sort | Limit] = []
        inner = plan.input
        while isinstance(inner, Sort | Limit):
            above.insert(0, inner)
            inner = inner.input
        block = self.block(inner)
        names = _renaming(block, plan.columns, above)
        if names is None and block.columns:
            block = self._wrapped(block)
        for each in above:
            block = self._ordered(each, block) if isinstance(each, Sort) else _cut(each, block)
        if names is None:
            return self._computed(block, plan.columns)
        return _renamed(block, names)

    def _ordered(self, plan: Sort, block: Block) -> Block:
        home = "" if block.columns else block.home
        block.order = [self._ordering(key, home) for key in plan.keys]
        return block

    def _ordering(self, key: SortKey, home: str) -> exp.Ordered:
        return exp.Ordered(
            this=self.lowering.lower(key.expr.tree, home),
            desc=key.descending,
            nulls_first=key.nulls_first,
        )

    def _stitch(self, plan: Stitch) -> Block:
        columns = (*plan.keys, *plan.measures)
        selects = [self._padded(branch, columns) for branch in plan.branches]
        union = _union(selects)
        name = f"s{next(self.numbers)}"
        block = Block(exp.Subquery(this=union, alias=_table_alias(name)), "")
        keys = [aliased(exp.Column(this=identifier(k.name)), k.name) for k in plan.keys]
        measures = [
            aliased(self.lowering.only_value(exp.Column(this=identifier(m.name)), m.type), m.name)
            for m in plan.measures
        ]
        block.columns = [*keys, *measures]
        block.names = tuple(each.name for each in (*plan.keys, *plan.measures))
        block.group = tuple(key.name for key in plan.keys)
        return block

    def _union(self, plan: Union) -> Block:
        selects = [self._padded(branch, plan.columns) for branch in plan.branches]
        name = f"s{next(self.numbers)}"
        block = Block(exp.Subquery(this=_union(selects), alias=_table_alias(name)), "")
        return self._computed(block, plan.columns)

    def _padded(self, branch: LogicalPlan, columns: Sequence[Output]) -> exp.Select:
        """A branch with each of the columns, NULL where it has none."""
        inner = self.block(branch)
        block = self._wrapped(inner)
        block.columns = [
            aliased(
                exp.Column(this=identifier(each.name))
                if each.name in inner.names
                else self.lowering.null(each.type),
                each.name,
            )
            for each in columns
        ]
        return block.tree()

    def _windowed(self, plan: Windowed) -> Block:
        block = self.block(plan.input)
        computed = (aliased(self._lower(each.expr, block), each.name) for each in plan.columns)
        block.columns = [exp.Column(this=exp.Star(), table=identifier(block.home)), *computed]
        return Block(exp.Subquery(this=block.tree(), alias=_table_alias(block.home)), block.home)

    def _periods(self, plan: LogicalPlan) -> exp.Expr:
        block = self.block(plan)
        return block.source if block.is_open else self._wrapped(block, alias(SPINE, "")).source

    def _series(self, plan: Series) -> Block:
        """The periods that a subquery has."""
        tree = self._made(plan) if plan.rows is None else self.block(plan.rows).tree()
        name = alias(SPINE, "")
        return Block(exp.Subquery(this=tree, alias=_table_alias(name)), name)

    def _made(self, plan: Series) -> exp.Select:
        """One row a period, between ends that a subquery gives."""
        ends = f"s{next(self.numbers)}"
        low, high = (
            exp.Column(this=identifier(each), table=identifier(ends)) for each in ("low", "high")
        )
        block = Block(self._ends(plan, ends), "")
        is_fine = bool(plan.bounds) and plan.grain.is_finer_than(Grain.DAY)
        last = self._limited(low, high, plan.grain) if is_fine else high
        relation = self.lowering.dialect.series(low, last, interval(1, plan.grain))
        name = f"s{next(self.numbers)}"
        columns = [identifier(PERIOD)]
        relation.set("alias", exp.TableAlias(this=identifier(name), columns=columns))
        block.joins.append(exp.Join(this=relation, kind="CROSS"))
        block.columns = [exp.Column(this=identifier(PERIOD), table=identifier(name))]
        return block.tree()

    def _limited(self, low: exp.Expr, high: exp.Expr, grain: Grain) -> exp.Expr:
        """The last period, or the end of a query that would go through too many."""
        refusal = self.lowering.dialect.refusal
        if not refusal:
            return high
        most = exp.Add(this=low.copy(), expression=interval(PERIODS_MAX, grain))
        refused = exp.Anonymous(this=refusal, expressions=[exp.Literal.string(TOO_MANY)])
        many = exp.If(this=exp.GT(this=high.copy(), expression=most), true=refused)
        return exp.Case(ifs=[many], default=high)

    def _ends(self, plan: Series, name: str) -> exp.Expr:
        """The first and the last period as one row."""
        given = {"low": plan.low, "high": plan.high}
        inner = [self.block(each).tree() for each in plan.bounds]
        extremes = {"low": exp.Min, "high": exp.Max}
        columns = []
        for each, expr in given.items():
            read = exp.Column(this=identifier(each))
            many = len(inner) > 1
            found = extremes[each](this=read) if many else read
            columns.append(aliased(self.lowering.lower(expr.tree, "") if expr else found, each))
        select = exp.Select(expressions=columns)
        if inner:
            union = _union(inner)
            source = exp.Subquery(this=union, alias=_table_alias(f"s{next(self.numbers)}"))
            select.set("from_", exp.From(this=source))
        return exp.Subquery(this=select, alias=_table_alias(name))

    def _pick(self, plan: Pick) -> Block:
        """Number the rows of each group and keep the first."""
        inner = self._wrapped(self.block(plan.input))
        row = exp.Window(
            this=exp.RowNumber(),
            partition_by=[exp.Column(this=identifier(each)) for each in plan.keys],
            order=exp.Order(expressions=[self._ordering(each, "") for each in plan.order]),
        )
        names = [each.name for each in plan.columns]
        inner.columns = [
            *(aliased(exp.Column(this=identifier(each)), each) for each in names),
            aliased(row, ROW),
        ]
        inner.names = (*names, ROW)
        block = self._wrapped(inner)
        first = exp.EQ(this=exp.Column(this=identifier(ROW)), expression=number(1))
        block.where.append(first)
        return self._computed(block, plan.columns)

    def _lookup(self, plan: Lookup) -> Block:
        rows, found = f"s{next(self.numbers)}", f"s{next(self.numbers)}"
        block = Block(self._wrapped(self.block(plan.input), rows).source, "")
        right = self._wrapped(self.block(plan.right), found).source
        on: list[exp.Expr] = [
            exp.NullSafeEQ(this=_of(rows, each), expression=_of(found, each)) for each in plan.on
        ]
        condition = conjunction(on) if on else exp.Boolean(this=True)
        block.joins.append(exp.Join(this=right, side="LEFT", on=condition))
        own = {each.name for each in outputs(plan.input)}
        block.columns = [
            aliased(_of(rows if each.name in own else found, each.name), each.name)
            for each in plan.columns
        ]
        block.names = tuple(each.name for each in plan.columns)
        return block

    def _fill(self, plan: Fill) -> Block:
        """A full join on times, so that rows whose time is beyond the periods stay."""
        rows, periods = f"s{next(self.numbers)}", f"s{next(self.numbers)}"
        block = Block(self._wrapped(self.block(plan.input), rows).source, "")
        right = self._wrapped(self.block(plan.periods), periods).source

        on = [exp.EQ(this=_of(rows, each), expression=_of(periods, each)) for each in plan.on]
        block.joins.append(exp.Join(this=right, side="FULL", on=conjunction(on)))
        block.columns = [
            aliased(
                exp.Coalesce(this=_of(rows, each.name), expressions=[_of(periods, each.name)])
                if each.name in plan.on
                else _of(rows, each.name),
                each.name,
            )
            for each in plan.columns
        ]
        block.names = tuple(each.name for each in plan.columns)
        return block

    def _lower(self, expr: Expr, block: Block) -> exp.Expr:
        return self.lowering.lower(expr.tree, block.home)

    def _output(self, output: Output, block: Block) -> exp.Expr:
        return self.lowering.extreme(self._lower(output.expr, block), output.type)


def _of(table: str, name: str) -> exp.Expr:
    return exp.Column(this=identifier(name), table=identifier(table))


def _union(selects: Sequence[exp.Expr]) -> exp.Expr:
    """All rows of several SELECTs."""
    union = selects[0]
    for each in selects[1:]:
        union = exp.Union(this=union, expression=each, distinct=False)
    return union


def _table_alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=identifier(name))


def _cut(plan: Limit, block: Block) -> Block:
    block.limit, block.offset, block.is_cut = plan.count, plan.offset, True
    return block


def _renaming(
    block: Block, outputs: Sequence[Output], above: Sequence[Sort | Limit]
) -> dict[str, str] | None:
    """New names by old ones, where the outputs are the block's own columns as they are."""
    picked = [each.expr.tree for each in outputs]
    sorts = [key.expr.tree for each in above if isinstance(each, Sort) for key in each.keys]
    if not block.columns or not all(isinstance(tree, exp.Column) for tree in (*picked, *sorts)):
        return None
    wanted = [tree.name for tree in picked]
    needed = {*block.group, *(tree.name for tree in sorts)}
    if len(set(wanted)) < len(wanted) or not needed.issubset(wanted):
        return None
    return dict(zip(wanted, (each.name for each in outputs), strict=True))


def _renamed(block: Block, names: dict[str, str]) -> Block:
    by_name = dict(zip(block.names, block.columns, strict=True))
    block.columns = [by_name[name] for name in names]
    for tree, new in zip(block.columns, names.values(), strict=True):
        tree.args["alias"].set("this", new)
    for ordered in block.order:
        ordered.this.this.set("this", names[ordered.this.name])
    block.group = tuple(names[name] for name in block.group)
    block.names = tuple(names.values())
    return block
