"""Ordinary questions of the small shop, as people and tools ask them: nobody who may ask them is
refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

_MEASURED = ("revenue", "n", "average", "paid_revenue")
_GROUPED = ("status", "customer.region", "customer.name", "placed_at.month", "lines.product")
_DOCUMENTS: tuple[dict[str, object], ...] = (
    {"metrics": ["revenue"], "dimensions": ["customer.geo"], "totals": True},
    {"metrics": ["revenue", "refunded"], "dimensions": ["customer.region"]},
    {"metrics": ["revenue", "refunded", "net"], "dimensions": ["metric_time.month"]},
    {"metrics": ["net"]},
    {"metrics": ["revenue"], "dimensions": ["labels.caption"]},
    {"metrics": ["revenue"], "dimensions": ["plan.tier"]},
    {"metrics": ["pieces"], "dimensions": ["product", "order.customer.region"]},
    {"metrics": ["visits", "bought_after_visit"], "dimensions": ["channel"]},
    {"metrics": ["share_of_all", "revenue_rank"], "dimensions": ["status"]},
    {"metrics": ["revenue", "revenue_before"], "dimensions": ["metric_time.month"]},
    {"metrics": ["revenue_so_far"], "dimensions": ["metric_time.day"]},
    {"metrics": ["customer_count"], "dimensions": ["orders.status"]},
    {"metrics": ["label_count"], "dimensions": ["caption"]},
    {"metrics": ["revenue"], "time": {"from": "2024-01", "to": "2024-02"}},
    {"metrics": ["revenue"], "time": {"from": "2024-02"}, "compare": ["1 month"]},
    {"metrics": ["revenue"], "dimensions": ["placed_at.day"], "fill": True},
    {"metrics": ["revenue"], "dimensions": ["status", "metric_time.month"], "fill": "dense"},
    {"metrics": ["revenue"], "dimensions": ["customer.name"], "top": {"by": "revenue", "n": 2}},
    {
        "metrics": ["revenue"],
        "dimensions": ["customer.name"],
        "top": {"by": "revenue", "n": 2, "other": True},
    },
    {"metrics": [{"metric": "revenue", "as": "sold"}], "dimensions": ["status"]},
    {"dimensions": ["customers.region"]},
    {"dimensions": ["customer.region", "status"], "from": "orders"},
    {"dimensions": ["status"], "from": "orders", "distinct": False},
    {
        "fields": ["order_id", "status", "customer.email"],
        "from": "orders",
        "order_by": ["order_id"],
    },
    {"fields": ["customer_id", "name", "email", "region", "joined"], "limit": 2},
    {"saved_query": "by_region"},
    {"saved_query": "by_region", "where": ["customer.region = 'eu'"], "limit": 1},
    {"metrics": ["revenue"], "where": ["not exists(lines, lines.product = 'nib')"]},
    {"metrics": ["revenue"], "where": ["metric(revenue, buyer) > 100"]},
    {"metrics": ["revenue"], "where": ["labels.caption = 'label 1'"]},
    {"metrics": ["revenue"], "dimensions": ["status"], "having": ["orders.n > 1", "revenue > 10"]},
)
_PREDICATES: tuple[object, ...] = (
    *("status = 'paid'", "status in ('paid', 'open')", "customer.region <> 'eu'", "is_paid"),
    *("placed_at >= date '2024-02-01'", "order_id between 10 and 40", "note is not null"),
    *("lower(customer.name) like 'a%'", "lines.quantity > 2", "coalesce(note, '') <> 'x'"),
    *("status = 'paid' or order_id > 30", "not (status = 'void')", "customer.email like '%x%'"),
    {"field": "status", "value": "paid"},
    {"field": "status", "op": "in", "value": ["paid", "open"]},
    {"field": "order_id", "op": "between", "value": [10, 40]},
    {"field": "placed_at", "op": ">=", "value": "2024-02-01"},
    {"field": "customer.name", "op": "like", "value": "A%"},
    {"field": "note", "op": "is not null"},
)
_TOOLS = (
    "SELECT status AS s, revenue AS r FROM orders GROUP BY status ORDER BY r DESC LIMIT 10",
    'SELECT "status", "revenue" FROM "orders" GROUP BY "status" ORDER BY "revenue" DESC',
    "SELECT orders.status, revenue FROM orders WHERE orders.status IN ('paid') LIMIT 1000",
    "SELECT shop.models.orders.status, revenue FROM shop.models.orders GROUP BY 1",
    "select status, n from orders group by 1 having n > 1 order by 2 desc",
    "SELECT * FROM orders LIMIT 100",
    "SELECT * FROM customers WHERE region IS NOT NULL ORDER BY customer_id LIMIT 3",
    "SELECT * FROM models.orders LIMIT 1",
    "SELECT DISTINCT status FROM orders ORDER BY status",
    "SELECT DISTINCT region FROM customers",
    "SELECT region FROM customers GROUP BY region",
    "SELECT customer.region, customer.email, n FROM orders ORDER BY 1, 2",
    "SELECT placed_at.month, revenue FROM orders ORDER BY placed_at.month",
    "SELECT placed_at.part(dow), revenue FROM orders ORDER BY 1",
    "SELECT revenue FROM orders WHERE placed_at >= '2024-01-01' AND placed_at < '2024-02-01'",
    "SELECT status, revenue FROM orders WHERE customer.region = 'eu' OR customer.region = 'us'",
    "SELECT visits FROM visits",
    "SELECT channel, visits FROM visits ORDER BY visits DESC NULLS LAST",
    "SELECT reason, refunded, largest_refund FROM refunds ORDER BY 1",
    "SELECT product, pieces FROM lines ORDER BY 1",
    "SELECT caption FROM labels",
)


def _for_staff() -> Iterator[str]:
    for metric in _MEASURED:
        yield f"SELECT {metric} FROM orders"
        for dimension in _GROUPED:
            yield f"SELECT {dimension}, {metric} FROM orders ORDER BY 1"
            yield json.dumps({"metrics": [metric], "dimensions": [dimension]})
    for each in _PREDICATES:
        if isinstance(each, str):
            yield f"SELECT revenue FROM orders WHERE {each}"
            yield f"SELECT * FROM orders WHERE {each} ORDER BY order_id"
        yield json.dumps({"metrics": ["revenue"], "dimensions": ["status"], "where": [each]})
        yield json.dumps({"fields": ["order_id"], "from": "orders", "where": [each]})
    yield from map(json.dumps, _DOCUMENTS)
    yield from _TOOLS


FOR_STAFF = tuple(_for_staff())
FOR_FEW = (
    '{"metrics": ["revenue"]}',
    '{"metrics": ["revenue", "refunded", "net"], "dimensions": ["customer.region"]}',
    '{"metrics": ["revenue"], "dimensions": ["status"], "where": ["status = \'paid\'"]}',
    '{"metrics": ["revenue"], "where": ["customer.region in (\'eu\', \'us\')"]}',
    '{"metrics": ["revenue"], "dimensions": ["status"], "having": ["revenue > 10"]}',
    '{"metrics": ["revenue"], "dimensions": ["status"], "order_by": ["-revenue"], "limit": 2}',
    "SELECT customer.region, revenue FROM orders ORDER BY 1",
)
