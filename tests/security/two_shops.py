"""One small shop in two worlds, which differ only in what nobody may see who asks there: rows of
one region, the values of masked and hidden columns, a hidden measure and a model no grant is of.

A third world has only what may be seen of some regions, picked out here by hand, and no policy
over rows or values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

ROOT = """\
version: 1
name: shop
engines: {{local: {{type: duckdb, files: {{{files}}}}}}}
attributes: {{regions: {{type: string, list: true}}, level: integer}}
limits: {{per_second: 1000000, burst: 1000000}}
auth:
  state: .forebay/keys.json
  pepper: .forebay/pepper
{more}"""
MODELS = """\
version: 1
models:
  orders:
    table: t_orders
    key: order_no
    time: placed_at
    dimensions: {{order_id: order_no, status: , note: , buyer: cust_no, placed_at: {{type: time}}}}
    measures: {{revenue: sum(amount_cents), n: count(*), {margin}: sum(amount_cents - {cost})}}
    segments: {{is_paid: status = 'paid'}}
    joins:
      customer: {{to: customers, on: cust_no = customer.cust_no}}
      lines: {{to: lines, on: order_no = lines.order_no}}
      labels: {{to: labels, through: order_labels}}
      plan: {{to: plans, on: cust_no = plan.cust_no, valid: [since, until], at: placed_at}}
  customers:
    table: t_customers
    key: cust_no
    time: joined
    dimensions:
      customer_id: cust_no
      name:
      email:
      region:
      joined: {{type: time}}
      {hidden}: ssn_no
      geo: {{hierarchy: [region, name]}}
      private: {{hierarchy: [region, {hidden}]}}
    measures: {{customer_count: count(*)}}
  lines:
    table: t_lines
    key: line_no
    dimensions: {{product: , quantity: }}
    measures: {{pieces: sum(quantity), line_count: count(*)}}
    joins: {{order: {{to: orders, on: order_no = order.order_no}}}}
  refunds:
    table: t_refunds
    key: refund_no
    time: refunded_on
    dimensions: {{reason: , refunded_on: {{type: time}}}}
    measures: {{refunded: sum(cents), largest_refund: max(cents)}}
    joins: {{customer: {{to: customers, on: cust_no = customer.cust_no}}}}
  visits:
    table: t_visits
    key: visit_no
    time: day
    dimensions: {{channel: , buyer: cust_no, day: {{type: time}}}}
    measures: {{visits: count(*)}}
    joins: {{customer: {{to: customers, on: cust_no = customer.cust_no}}}}
  plans:
    table: t_plans
    key: [cust_no, since]
    dimensions: {{tier: }}
  order_labels:
    table: t_order_labels
    joins:
      order: {{to: orders, on: order_no = order.order_no}}
      label: {{to: labels, on: label_no = label.label_no}}
  labels:
    table: t_labels
    key: label_no
    dimensions: {{caption: }}
    measures: {{label_count: count(*)}}
  {model}:
    table: t_wages
    key: cust_no
    dimensions: {{person: cust_no}}
    measures: {{{measure}: sum(paid), n: count(*)}}
    joins: {{customer: {{to: customers, on: cust_no = customer.cust_no}}}}
metrics:
  average: revenue / n_of_orders
  n_of_orders: orders.n
  net: revenue - refunded
  paid_revenue: {{of: revenue, where: is_paid}}
  revenue_before: {{of: revenue, offset: 1 month}}
  revenue_so_far: {{of: revenue, cumulative: all}}
  bought_after_visit:
    {{funnel: {{base: visits, converted: revenue}}, by: buyer, within: 40 days, show: value}}
  share_of_all:
    expr: revenue / all_revenue
    with: {{all_revenue: {{of: revenue, grain: {{keep_only: []}}, filter: {{drop: all}}}}}}
  revenue_rank: {{rank: revenue}}
  {metric}: {measure} / orders.revenue
saved_queries:
  by_region: {{metrics: [revenue], dimensions: [customer.region], order_by: [customer.region]}}
  by_wage: {{metrics: [{measure}]}}
"""
GRANTS = """\
version: 1
policies:
  staff:
    grant: {models: [orders, customers, lines, refunds, visits, plans, order_labels, labels]}
    for: [analyst, support, officer]
  board: {grant: {metrics: [revenue], dimensions: [customer.region]}, for: [board]}
  council:
    grant: {metrics: [revenue, refunded, net], dimensions: [customer.region, status]}
    min_group: 2
    for: [council]
  some: {grant: {members: [orders.status, orders.n]}, for: [reader]}
  all: {grant: {models: all}, for: [admin]}
"""
HIDES = """\
  secrets: {{on: customers, hide: [{hidden}], unless: [admin]}}
  costs: {{on: orders, hide: [{margin}], unless: [admin]}}
"""
ROWS = """\
  by_region:
    on: orders
    rows: customer.region in (principal.regions)
    unless: [admin]
    otherwise: all
  of_region: {on: customers, rows: region in (principal.regions), unless: [admin], otherwise: all}
  of_lines:
    {on: lines, rows: order.customer.region in (principal.regions), unless: [admin], otherwise: all}
  of_refunds:
    {on: refunds, rows: customer.region in (principal.regions), unless: [admin], otherwise: all}
  of_visits:
    {on: visits, rows: customer.region in (principal.regions), unless: [admin], otherwise: all}
  of_plans: {on: plans, rows: region in (principal.regions), unless: [admin], otherwise: all}
  of_labels:
    on: order_labels
    rows: order.customer.region in (principal.regions)
    unless: [admin]
    otherwise: all
"""
MASK = """\
  mail: {on: customers, mask: {email: "'x'"}, unless: [admin]}
"""

Customer = tuple[int, str, str]
Order = tuple[int, int, str, int, str]
CUSTOMERS: Sequence[Customer] = (
    *((1, "Ann", "eu"), (2, "Bob", "us"), (3, "Cid", "eu"), (4, "Dee", "us")),
    *((7, "Eve", "eu"), (8, "Flo", "us")),
)
ORDERS: Sequence[Order] = (
    (10, 1, "paid", 150, "7"),
    (20, 2, "open", 250, "8"),
    (30, 3, "paid", 350, "9"),
    (40, 4, "open", 450, "1"),
    (41, 1, "open", 55, "2"),
    (55, 7, "paid", 65, "3"),
    (63, 8, "void", 75, "4"),
    (80, 3, "open", 85, "5"),
)


@dataclass(frozen=True)
class Hidden:
    """What a world has that may not be seen."""

    model: str
    measure: str
    metric: str
    dimension: str
    margin: str
    salt: int
    customers: Sequence[Customer]
    orders: Sequence[Order]
    cost: int

    @property
    def names(self) -> Mapping[str, object]:
        """What stands in the texts of its project."""
        return {
            "hidden": self.dimension,
            "model": self.model,
            "measure": self.measure,
            "metric": self.metric,
            "margin": self.margin,
            "cost": self.cost,
        }


A = Hidden(
    "salaries",
    "salary_sum",
    "salary_share",
    "ssn",
    "margin",
    1,
    [(5, "SECRET0", "jp")],
    [(50, 5, "held", 99999, "SECRET1"), (60, 5, "held", 1, "SECRET2")],
    7,
)
B = Hidden(
    "wages",
    "wage_sum",
    "wage_share",
    "tax_id",
    "profit",
    2,
    [(6, "Zoe", "jp")],
    [(70, 6, "gone", 5, "3")],
    9,
)


def written(folder: Path, hidden: Hidden, more: str = "") -> Path:
    """The project of a world under its policies."""
    customers, orders = (*CUSTOMERS, *hidden.customers), (*ORDERS, *hidden.orders)
    tables = _tables(customers, orders, hidden.salt, f"name || '@{hidden.salt}'")
    says = GRANTS + ROWS + MASK + HIDES.format(**hidden.names)
    return _written(folder, hidden, (says, more), tables)


def written_by_hand(folder: Path, regions: Collection[str], more: str = "") -> Path:
    """The project of who may see some regions: nothing else is there, and no policy on it."""
    customers = [each for each in CUSTOMERS if each[2] in regions]
    known = {each[0] for each in customers}
    orders = [each for each in ORDERS if each[1] in known]
    return _written(
        folder, A, (GRANTS + HIDES.format(**A.names), more), _tables(customers, orders, 1, "'x'")
    )


def _written(
    folder: Path, hidden: Hidden, says: tuple[str, str], tables: Mapping[str, str]
) -> Path:
    policies, more = says
    for each in ("models", "policies", "data", ".forebay"):
        (folder / each).mkdir(parents=True)
    files = ", ".join(f"{name}: data/{name}.parquet" for name in tables)
    (folder / "forebay.yml").write_text(ROOT.format(files=files, more=more))
    (folder / "models" / "shop.yml").write_text(MODELS.format(**hidden.names))
    (folder / "policies" / "shop.yml").write_text(policies)
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, text in tables.items():
            path = folder / "data" / f"{name}.parquet"
            connection.execute(f"copy ({text}) to '{path}'")
    return folder


def _tables(
    customers: Sequence[Customer], orders: Sequence[Order], salt: int, email: str
) -> Mapping[str, str]:
    """Every table as a SELECT; whatever is of a customer or an order is there where those are."""
    people, asked = _values(customers, (0, "", "")), _values(orders, (0, 0, "", 0, ""))
    who = f"(select * from (values {people}) t(c, name, region) where c > 0)"
    what = f"(select * from (values {asked}) t(o, c, status, a, note) where o > 0)"
    day = "date '2024-01-01'"
    return {
        "t_customers": f"select c as cust_no, name, {email} as email, region, "
        f"c * 1000 + {salt} as ssn_no, {day} + c * 9 as joined from {who}",
        "t_orders": "select o as order_no, c as cust_no, status, a as amount_cents, note, "
        f"{day} + o as placed_at from {what}",
        "t_lines": "select o * 10 + i as line_no, o as order_no, "
        "case i when 1 then 'ink' else 'nib' end as product, i + o // 20 as quantity "
        f"from {what}, range(1, 3) s(i)",
        "t_refunds": "select c as refund_no, c as cust_no, c * 10 as cents, "
        f"case when c % 2 = 0 then 'late' else 'torn' end as reason, {day} + c * 11 as refunded_on "
        f"from {who}",
        "t_visits": "select c * 10 + i as visit_no, c as cust_no, "
        f"case i when 1 then 'web' else 'shop' end as channel, "
        f"{day} + cast(c * i as integer) as day from {who}, range(1, 3) s(i)",
        "t_plans": "select c as cust_no, region, t as tier, "
        f"{day} + s as since, {day} + u as until "
        f"from {who}, (values ('free', 0, 35), ('pro', 35, 90)) p(t, s, u)",
        "t_order_labels": "select o as order_no, i as label_no "
        f"from {what}, range(1, 3) s(i) where (o + i) % 3 > 0",
        "t_labels": "select i as label_no, 'label ' || i as caption from range(1, 4) t(i)",
        "t_wages": f"select c as cust_no, c * {salt} as paid from range(1, 4) t(c)",
    }


def _values(rows: Sequence[tuple[int | str, ...]], nothing: tuple[int | str, ...]) -> str:
    """Rows as SQL has them, behind one that is left out and gives them their types."""
    return ", ".join(map(_row, (nothing, *rows)))


def _row(row: tuple[int | str, ...]) -> str:
    def cells() -> Iterator[str]:
        for each in row:
            yield str(each) if isinstance(each, int) else f"'{each}'"

    return f"({', '.join(cells())})"
