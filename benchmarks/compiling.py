"""From a JSON document to SQL, beside the same tree built and printed by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b

import orjson
from sqlglot import exp

from auth.govern import govern
from auth.principal import ANONYMOUS
from benchmarks.figure import Figure, fastest_ms
from dialects.duckdb import DUCKDB
from dialects.generate import generate
from gateway.cli.demo import demo_folder
from gateway.compose import make_gateway
from gateway.settings import Settings
from semantic_models.catalog import Catalog
from semantic_models.make_plan import make_plan
from semantic_models.parse_document import parse_document
from semantic_models.resolve import resolve

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ZONE = "America/New_York"

STAR = orjson.dumps(
    {
        "metrics": ["flights"],
        "dimensions": ["carrier.name", "origin.name"],
        "where": ["distance > 1000"],
        "order_by": ["-flights"],
        "limit": 10,
    }
)
STITCH = orjson.dumps(
    {
        "metrics": ["flights", "weather_hours"],
        "dimensions": ["origin.name", "metric_time.day"],
        "order_by": ["metric_time.day", "origin.name"],
    }
)


def compiling() -> Iterator[Figure]:
    """``compile_star``, ``compile_stitch`` and ``compile_memo``."""
    gateway = make_gateway(Settings(project=demo_folder()))
    try:
        catalog = gateway.snapshot.catalog
        for name, document, by_hand in (
            ("compile_star", STAR, star_by_hand),
            ("compile_stitch", STITCH, stitch_by_hand),
        ):
            compiled = _compiler(document, catalog)
            if compiled() != by_hand():
                raise AssertionError(
                    f"{name}: the floor builds another text\n{compiled()}\n{by_hand()}"
                )
            value, floor = fastest_ms(compiled, by_hand)
            yield Figure(name, value, floor, "ms", "lower")
        value, floor = fastest_ms(
            partial(gateway.prepare, STAR, ANONYMOUS), recall(STAR), repeats=500
        )
        yield Figure("compile_memo", value * 1000, floor * 1000, "µs", "lower")
    finally:
        gateway.close()


def _compiler(document: bytes, catalog: Catalog) -> Callable[[], str]:
    def compiled() -> str:
        resolved = resolve(parse_document(document), catalog, now=NOW)
        return generate(govern(make_plan(resolved), ANONYMOUS), DUCKDB).text

    return compiled


def recall(document: bytes) -> Callable[[], object]:
    """The floor of recalling what was made of a document once."""
    kept: dict[str, str] = {}

    def recalled() -> object:
        canonical = orjson.dumps(orjson.loads(document), option=orjson.OPT_SORT_KEYS)
        key = blake2b(canonical, digest_size=16).hexdigest()
        return kept.setdefault(key, "SELECT")

    return recalled


def _name(text: str) -> exp.Identifier:
    return exp.Identifier(this=text, quoted=True)


def _column(table: str, name: str) -> exp.Column:
    return exp.Column(this=_name(name), table=_name(table))


def _bare(name: str) -> exp.Column:
    return exp.Column(this=_name(name))


def _as(tree: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=tree, alias=_name(name))


def _table(name: str, alias: str) -> exp.Table:
    return exp.Table(this=_name(name), alias=exp.TableAlias(this=_name(alias)))


def _number(value: int) -> exp.Literal:
    return exp.Literal(this=str(value), is_string=False)


def _left_join(table: str, alias: str, left: exp.Column, right: exp.Column) -> exp.Join:
    on = exp.EQ(this=left, expression=right)
    return exp.Join(this=_table(table, alias), side="LEFT", on=on)


def _count() -> exp.Count:
    return exp.Count(this=exp.Star(), big_int=True)


def _text(tree: exp.Expr) -> str:
    return tree.sql(dialect="duckdb", copy=False, identify=True, comments=False)


def star_by_hand() -> str:
    """The star's tree, built node by node, as text."""
    tree = exp.Select(
        expressions=[
            _as(_column("carrier", "name"), "carrier__name"),
            _as(_column("origin", "name"), "origin__name"),
            _as(_count(), "flights"),
        ],
        from_=exp.From(this=_table("flights", "flights")),
        joins=[
            _left_join(
                "airlines", "carrier", _column("flights", "carrier"), _column("carrier", "carrier")
            ),
            _left_join(
                "airports", "origin", _column("flights", "origin"), _column("origin", "faa")
            ),
        ],
        where=exp.Where(this=exp.GT(this=_column("flights", "distance"), expression=_number(1000))),
        group=exp.Group(expressions=[_number(1), _number(2)]),
        order=exp.Order(
            expressions=[exp.Ordered(this=_bare("flights"), desc=True, nulls_first=True)]
        ),
        limit=exp.Limit(expression=_number(10)),
    )
    return _text(tree)


def _day(table: str) -> exp.Expr:
    zone = exp.Literal(this=ZONE, is_string=True)
    civil = exp.AtTimeZone(this=exp.Paren(this=_column(table, "time_hour")), zone=zone)
    cut = exp.TimestampTrunc(this=civil, unit=exp.Var(this="DAY"))
    return exp.AtTimeZone(this=exp.Paren(this=cut), zone=zone.copy())


def _null() -> exp.Cast:
    return exp.Cast(this=exp.Null(), to=exp.DataType(this=exp.DType.BIGINT, nested=False))


def _fact(table: str, number: int) -> exp.Subquery:
    inner = exp.Select(
        expressions=[
            _as(_column("origin", "name"), "origin__name"),
            _as(_day(table), "metric_time__day"),
            _as(_count(), f"i:{number}"),
        ],
        from_=exp.From(this=_table(table, table)),
        joins=[
            _left_join("airports", "origin", _column(table, "origin"), _column("origin", "faa"))
        ],
        group=exp.Group(expressions=[_number(1), _number(2)]),
    )
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=_name(f"s{number}")))


def _padded(table: str, number: int) -> exp.Select:
    columns = [_as(_bare(name), name) for name in ("origin__name", "metric_time__day")]
    measures = [
        _as(_bare(f"i:{each}") if each == number else _null(), f"i:{each}") for each in (0, 1)
    ]
    return exp.Select(expressions=[*columns, *measures], from_=exp.From(this=_fact(table, number)))


def stitch_by_hand() -> str:
    """The stitch's tree, built node by node, as text."""
    union = exp.Union(this=_padded("flights", 0), expression=_padded("weather", 1), distinct=False)
    tree = exp.Select(
        expressions=[
            _as(_bare("origin__name"), "origin__name"),
            _as(_bare("metric_time__day"), "metric_time__day"),
            _as(exp.Max(this=_bare("i:0")), "flights"),
            _as(exp.Max(this=_bare("i:1")), "weather_hours"),
        ],
        from_=exp.From(this=exp.Subquery(this=union, alias=exp.TableAlias(this=_name("s2")))),
        group=exp.Group(expressions=[_number(1), _number(2)]),
        order=exp.Order(
            expressions=[
                exp.Ordered(this=_bare("metric_time__day"), desc=False, nulls_first=False),
                exp.Ordered(this=_bare("origin__name"), desc=False, nulls_first=False),
            ]
        ),
    )
    return _text(tree)
