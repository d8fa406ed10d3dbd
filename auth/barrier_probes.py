"""Questions that fail on an engine where it computes something of a row that is not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import exp

from auth.govern import govern
from auth.policy import On, RowFilter
from auth.principal import Principal
from auth.rights import RelationRights, Rights
from semantic_models.bind import behind, column
from semantic_models.model import Cardinality, Expr, Path, Select
from semantic_models.plan import (
    Aggregate,
    Filter,
    GovernedPlan,
    Join,
    LogicalPlan,
    Output,
    Plan,
    Project,
    Scan,
    SemiJoin,
)
from semantic_models.types import BOOLEAN, INT64

SEEN = 3
"""How many rows each of them counts."""
COUNT = "n"
_MODEL = "probe"
_OTHER: Path = ("other",)
_HARMLESS = "(true, {0}, '1', '2024-01-02', '1.5', {0})"
_HARMFUL = "(false, {0}, 'hidden', 'hidden', 'hidden', 9000000000000000000)"
_COLUMNS = "is_seen, number, code, day, fraction, large"
_ATTACKS = (
    "cast(code as integer) > 0",
    "cast(day as date) is not null",
    "cast(fraction as decimal(4, 1)) > 0",
    "cast(large as integer) > 0",
    "large * large > 0",
)
_POLICIES = (
    "is_seen",
    "exists(select 1 from (values (true)) as __sl_p(is_so) where __sl_p.is_so = is_seen)",
)
"""One that is cheap, and one that engines turn into a join above whatever else there is."""
_ASKING = Principal("barrier_probe")


def barrier_probes(engine: str) -> Iterator[GovernedPlan]:
    """Plans over rows of their own, of which those that are not seen fail if they are looked at."""
    own = On(model=_MODEL)
    rows = _rows()
    for policy in map(_read, _POLICIES):
        seen = RelationRights(filters=(RowFilter(on=own, predicate=policy),))
        rights = Rights(relations={own: seen})
        for attack in map(_read, _ATTACKS):
            for shape in _SHAPES:
                root = Aggregate(shape(rows, attack), (), (_COUNTED,))
                yield govern(Plan(root, (_COUNTED,), "UTC", engine), _ASKING, rights)


def _read(text: str) -> Expr:
    return Expr(sqlglot.parse_one(text, read="duckdb"))


def _rows() -> Select:
    values = [_HARMLESS.format(each) for each in range(1, SEEN + 1)]
    values += [_HARMFUL.format(each) for each in range(SEEN + 1, 3 * SEEN)]
    text = f"select * from (values {', '.join(values)}) as t({_COLUMNS})"
    return Select(sqlglot.parse_one(text, read="duckdb"))


_COUNTED = Output(COUNT, Expr(exp.Count(this=exp.Star())), INT64)
_PAIRED = (Expr(column("number")), Expr(column("number", _OTHER)))


def _filtered(rows: Select, attack: Expr) -> LogicalPlan:
    return Filter(Scan(_MODEL, (), rows), (attack,))


def _filtered_twice(rows: Select, attack: Expr) -> LogicalPlan:
    return Filter(Scan(_MODEL, (), rows), (_read("number > 0"), attack))


def _computed(rows: Select, attack: Expr) -> LogicalPlan:
    computed = Project(Scan(_MODEL, (), rows), (Output("k", attack, BOOLEAN),))
    return Filter(computed, (Expr(column("k")),))


def _joined(rows: Select, attack: Expr) -> LogicalPlan:
    right = Scan(_MODEL, _OTHER, rows)
    joined = Join(Scan(_MODEL, (), rows), right, (_PAIRED,), Cardinality.MANY_TO_ONE)
    return Filter(joined, (behind(attack, _OTHER),))


def _existing(rows: Select, attack: Expr) -> LogicalPlan:
    right = Scan(_MODEL, _OTHER, rows)
    return SemiJoin(Scan(_MODEL, (), rows), right, (_PAIRED,), (behind(attack, _OTHER),))


_SHAPES: tuple[Callable[[Select, Expr], LogicalPlan], ...] = (
    _filtered,
    _filtered_twice,
    _computed,
    _joined,
    _existing,
)
