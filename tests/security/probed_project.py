"""Questions whose expressions fail on rows that nobody may see: attacks, shapes and policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

from auth.policy import PolicySet
from auth.principal import Attribute, Principal
from dialects.dialect import Dialect
from semantic_models.errors import ForebayError
from tests.support import policies, shop
from tests.support.models import Question, World, world

ROWS = 3000
"""More than one vector of every engine, so that it learns which predicate to ask first."""
SEEN = "i % 7 <> 0"
"""The rows that every policy shows, by their number."""


@dataclass(frozen=True)
class Column:
    """A column whose values are harmless, but for those of hidden rows in the second world."""

    name: str
    type: str
    harmless: str
    harmful: str


COLUMNS = (
    Column("code", "varchar", "cast(i as varchar)", "'SECRET'"),
    Column("day_text", "varchar", "'2024-01-02'", "'SECRET'"),
    Column("number_text", "varchar", "'1.5'", "'SECRET'"),
    Column("flag_text", "varchar", "'true'", "'SECRET'"),
    Column("large", "bigint", "i", "9000000000000000000"),
    Column("low", "bigint", "i", "-9223372036854775807 - 1"),
    Column("rooted", "double precision", "i", "-1"),
    Column("divisor", "integer", "1 + i % 3", "0"),
    Column("late", "timestamp", "timestamp '2024-01-02 03:04:05'", "timestamp '294246-12-31'"),
    Column("pattern", "varchar", "'a'", "'('"),
    Column("size", "integer", "1 + i % 3", "-1"),
)

ATTACKS: dict[str, str] = {
    "cast_to_integer": "cast(code as integer)",
    "cast_to_date": "cast(day_text as date)",
    "cast_to_number": "cast(number_text as double)",
    "cast_to_decimal": "cast(number_text as decimal(4, 1))",
    "cast_to_boolean": "cast(flag_text as boolean)",
    "cast_to_less": "cast(large as integer)",
    "product": "large * large",
    "sum": "large + 1000000000000000000",
    "magnitude": "abs(low)",
    "root": "sqrt(rooted)",
    "logarithm": "ln(rooted)",
    "quotient": "10 / divisor",
    "remainder": "10 % divisor",
    "later": "late + interval '100 years'",
    "substring": "substring(code, 1, size)",
    "regular_expression": "regexp_matches(code, pattern)",
    "in_a_case": "case when tenant = 'zeta' then cast(code as integer) else 0 end",
    "in_a_choice": "coalesce(nullif(tenant, 'zeta'), cast(cast(code as integer) as varchar))",
}
"""What fails on harmful values, on some engine at least."""

_MODELS = """
version: 1
models:
  orders:
    table: orders
    key: order_id
    dimensions: {{order_id: , tenant: , status: , level: , note: , attacked: "{attack}"}}
    segments: {{is_met: "{predicate}"}}
    measures:
      revenue: sum(amount)
      met: sum(case when {predicate} then amount end)
      of_it: max({attack})
      told: approx_count_distinct(code)
      lowest: min(low)
      highest: max(large)
      usual: mode(code)
    joins:
      region: regions
      customer: customers
      met_region: {{to: regions, on: "region_id = regions.region_id and ({predicate})"}}
  regions:
    table: regions
    key: region_id
    dimensions: {{title: }}
    measures: {{regions: count(*)}}
  customers:
    table: customers
    key: customer_id
    dimensions: {{name: }}
    measures: {{customers: count(*)}}
    joins: {{orders: {{to: orders, on: customer_id = orders.customer_id}}}}
  lines:
    table: lines
    key: line_id
    dimensions: {{line_id: , part: }}
    measures: {{quantity: sum(quantity)}}
    joins: {{order: {{to: orders, on: order_id}}}}
  picked:
    table: orders
    key: order_id
    where: "{predicate}"
    dimensions: {{order_id: , status: }}
    measures: {{picked: count(*)}}
  selected:
    sql: "select order_id, status, amount from orders where {predicate}"
    key: order_id
    dimensions: {{order_id: , status: }}
    measures: {{selected: sum(amount)}}
  computed:
    sql: |
      select o.order_id, o.status, ({attack}) as value
      from orders o join regions r on o.region_id = r.region_id
    key: order_id
    dimensions: {{order_id: , status: , value: }}
    measures: {{computed: count(*)}}
metrics:
  ratio: met / revenue
"""

SHAPES: dict[str, Question] = {
    "filter": {"metrics": ["revenue"], "where": ["attacked is not null"]},
    "filter_of_group": {
        "metrics": ["revenue"],
        "dimensions": ["status"],
        "where": ["attacked is not null", "level < 9", "status <> 'none'"],
    },
    "group": {"metrics": ["revenue"], "dimensions": ["orders.attacked"]},
    "group_of_some": {
        "metrics": ["revenue"],
        "dimensions": ["orders.attacked"],
        "where": ["status = 'open'"],
    },
    "group_of_others": {
        "metrics": ["revenue"],
        "dimensions": ["orders.attacked"],
        "where": ["tenant = 'zeta'"],
    },
    "segment": {"metrics": ["revenue"], "dimensions": ["status"], "where": ["is_met"]},
    "case": {"metrics": ["met", "ratio"], "dimensions": ["status"]},
    "having": {
        "metrics": ["of_it", "revenue"],
        "dimensions": ["status"],
        "having": ["revenue > 10"],
        "order_by": ["-revenue"],
        "limit": 2,
    },
    "order": {
        "metrics": ["revenue"],
        "dimensions": ["orders.attacked"],
        "having": ["orders.attacked is not null"],
        "order_by": ["orders.attacked"],
        "limit": 3,
    },
    "rows": {"fields": ["order_id", "attacked"], "from": "orders", "order_by": ["order_id"]},
    "rows_of_some": {
        "fields": ["order_id"],
        "from": "orders",
        "where": ["attacked is not null"],
        "order_by": ["attacked", "order_id"],
        "limit": 5,
    },
    "joined": {
        "metrics": ["quantity"],
        "dimensions": ["order.status"],
        "where": ["order.attacked is not null"],
    },
    "grouped_behind": {"metrics": ["quantity"], "dimensions": ["lines.order.attacked"]},
    "rows_exist": {"metrics": ["customers"], "where": ["orders.attacked is not null"]},
    "to_many": {
        "metrics": ["customers"],
        "dimensions": ["customers.orders.status"],
        "where": ["orders.attacked is not null"],
    },
    "join": {"metrics": ["revenue"], "dimensions": ["orders.met_region.title"]},
    "values": {"dimensions": ["orders.attacked"]},
    "several": {"metrics": ["revenue", "picked"]},
    "top": {
        "metrics": ["revenue"],
        "dimensions": ["status"],
        "top": {"by": "revenue", "n": 2, "other": True},
        "where": ["attacked is not null"],
    },
    "totals": {"metrics": ["revenue"], "dimensions": ["orders.attacked"], "totals": True},
    "where_of_a_model": {"metrics": ["picked"], "dimensions": ["picked.status"]},
    "where_of_a_select": {"metrics": ["selected"], "dimensions": ["selected.status"]},
    "value_of_a_select": {
        "metrics": ["computed"],
        "dimensions": ["computed.status"],
        "where": ["value is not null"],
    },
    "extremes": {"metrics": ["lowest", "highest"]},
    "estimates": {"metrics": ["told", "usual"]},
}

_POLICIES: dict[str, str] = {
    "equal": "  p: {on: {table: orders}, rows: tenant = principal.tenant}",
    "listed": "  p: {on: {table: orders}, rows: tenant in (principal.tenants)}",
    "at_most": "  p: {on: {table: orders}, rows: level <= principal.level}",
    "flagged": "  p: {on: {table: orders}, rows: is_open}",
    "known": "  p: {on: {table: orders}, rows: owner is not null}",
    "behind_a_join": "  p: {on: {table: orders}, rows: region.title = 'EU'}",
    "either": (
        "  p: {on: {table: orders}, rows: tenant = principal.tenant, any_of: some}\n"
        "  q: {on: {table: orders}, rows: owner = 'own1', any_of: some}"
    ),
    "both_and_masked": (
        "  p: {on: {table: orders}, rows: tenant <> 'zeta', mask: {note: \"'x'\"}}\n"
        "  q: {on: {table: orders}, rows: lower(owner) like 'own%'}"
    ),
    "chosen": "  p: {on: {table: orders}, rows: case when level < 5 then true else false end}",
    "none": "  p: {on: {table: orders}, rows: tenant = 'acme', for: [nobody]}",
}
_ATTRIBUTES: dict[str, Attribute] = {"tenant": "acme", "tenants": ("acme", "none"), "level": 5}
_ROOT = "attributes: {tenant: string, tenants: {type: string, list: true}, level: integer}\n"
ANN = Principal("ann", attributes=tuple(sorted(_ATTRIBUTES.items())))
POLICIES = tuple(_POLICIES)


def tables(*, is_harmful: bool) -> tuple[str, ...]:
    """The statements that make a world, which every engine takes."""
    harm = "harmful" if is_harmful else "harmless"
    columns = ",\n".join(
        f"cast(case when {SEEN} then {each.harmless} else {getattr(each, harm)} end"
        f" as {each.type}) as {each.name}"
        for each in COLUMNS
    )
    return (
        "create table regions as select * from (values (1, 'EU'), (9, 'hidden'))"
        " t(region_id, title)",
        "create table customers as select cast(i as integer) as customer_id,"
        " 'c' || i as name from generate_series(1, 50) t(i)",
        "create table lines as select cast(i as integer) as line_id,"
        " cast(1 + i % 3000 as integer) as order_id, 'p' || (i % 3) as part,"
        " cast(i % 5 as integer) as quantity from generate_series(1, 4000) t(i)",
        "create table orders as select cast(i as integer) as order_id,"
        " cast(1 + i % 50 as integer) as customer_id,"
        f" cast(case when {SEEN} then 1 else 9 end as integer) as region_id,"
        f" case when {SEEN} then 'acme' else 'zeta' end as tenant,"
        f" cast(case when {SEEN} then 1 + i % 3 else 9 end as integer) as level,"
        f" {SEEN} as is_open,"
        f" case when {SEEN} then 'own' || (i % 4) end as owner,"
        " case when i % 2 = 0 then 'open' when i % 3 = 0 then 'paid' else 'sent' end as status,"
        " 'n' || i as note, cast(i % 10 as integer) as amount,\n"
        f"{columns} from generate_series(1, {ROWS}) t(i)",
    )


@dataclass(frozen=True)
class Probe:
    """A question under a policy in an engine's SQL."""

    policy: str
    attack: str
    shape: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.policy} {self.attack} {self.shape}"


def probes(dialect: Dialect, attacks: tuple[str, ...] = tuple(ATTACKS)) -> Iterator[Probe]:
    """Every attack in every shape under every policy, as far as the dialect can say it."""
    for attack in attacks:
        made, found = _worlds(attack)
        for (policy, rules), (shape, question) in product(found, SHAPES.items()):
            text = _said(made.seen_by(ANN, rules), question, dialect)
            if text is not None:
                yield Probe(policy, attack, shape, text)


def _said(seen: World, question: Question, dialect: Dialect) -> str | None:
    """A question in an engine's SQL; None where the dialect cannot say it."""
    try:
        return seen.compile(question, dialect).text
    except ForebayError:
        return None


@cache
def _worlds(attack: str) -> tuple[World, tuple[tuple[str, PolicySet], ...]]:
    expression = ATTACKS[attack]
    models = _MODELS.format(attack=expression, predicate=f"({expression}) is not null")
    made = world(models, ";\n".join(tables(is_harmful=False)))
    found = []
    for name, text in _POLICIES.items():
        written = f"  all: {{grant: {{models: all}}}}\n{text}\n"
        rules, faults = policies.governed(written, made, models, root=shop.ROOT + _ROOT)
        assert faults == [], [each.message for each in faults]
        found.append((name, rules))
    return made, tuple(found)
