"""Random structured questions of the small shop, of every form that a question has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random

Document = dict[str, object]

METRICS = {
    "orders": (
        *("revenue", "orders.n", "n_of_orders", "average", "paid_revenue", "revenue_rank"),
        *("share_of_all", "revenue_before", "revenue_so_far"),
    ),
    "lines": ("pieces", "line_count"),
    "refunds": ("refunded", "largest_refund"),
    "visits": ("visits", "bought_after_visit"),
    "customers": ("customer_count",),
    "labels": ("label_count",),
}
OF_ORDERS = (
    *("status", "note", "order_id", "buyer", "customer.region", "customer.name", "customer.email"),
    *("customer.geo", "customer.joined.month", "lines.product", "lines.quantity"),
    *("labels.caption", "plan.tier", "placed_at", "placed_at.month", "placed_at.part(dow)"),
)
DIMENSIONS = {
    "orders": OF_ORDERS,
    "lines": (
        "product",
        "quantity",
        "order.status",
        "order.customer.region",
        "order.placed_at.month",
    ),
    "refunds": ("reason", "customer.region", "customer.email", "refunded_on.month"),
    "visits": ("channel", "customer.region", "customer.name", "day.week", "buyer"),
    "customers": ("region", "name", "email", "joined.month", "geo", "orders.status"),
    "labels": ("caption", "orders.status", "orders.customer.region"),
}
SHARED = (
    "customer.region",
    "customer.name",
    "customer.email",
    "metric_time.month",
    "metric_time.day",
)
"""What several homes are put side by side on."""
PREDICATES = {
    "orders": (
        *("status = 'held'", "note <> 'SECRET1'", "customer.region = 'jp'", "order_id > 20"),
        *("customer.email like '%1'", "is_paid", "cast(note as integer) > 2", "status is not null"),
        *("lines.quantity > 3", "not exists(lines, lines.product = 'nib')", "plan.tier = 'pro'"),
        *("labels.caption = 'label 1'", "metric(revenue, buyer) > 400", "metric(revenue) > 5000"),
        *(
            "status in ('paid', 'open')",
            "placed_at >= date '2024-02-01'",
            "10 / (order_id - 50) < 9",
        ),
    ),
    "lines": ("quantity > 2", "product = 'ink'", "order.status <> 'void'", "order.order_id < 60"),
    "refunds": ("reason = 'late'", "customer.region <> 'jp'", "customer.email = 'x'"),
    "visits": ("channel = 'web'", "customer.name <> 'SECRET0'", "day > date '2024-01-05'"),
    "customers": ("region <> 'eu'", "customer_id > 2", "email like 'x%'", "orders.status = 'paid'"),
    "labels": ("caption <> 'label 2'", "orders.status = 'paid'"),
}
FIELDS = {
    "orders": ("order_id", "status", "note", "customer.email", "customer.region", "plan.tier"),
    "customers": ("customer_id", "name", "email", "region", "joined"),
    "lines": ("product", "quantity", "order.order_id", "order.customer.name"),
    "refunds": ("reason", "refunded_on", "customer.name"),
}
KEYS = {
    "orders": ["order_id"],
    "customers": ["customer_id"],
    "lines": ["order.order_id", "product"],
}
RANGES: Sequence[Document] = (
    {"from": "2024-01", "to": "2024-02"},
    {"from": "2024-01-15", "to": "2024-02-20"},
    {"from": "2024-02"},
    {"to": "2024-02-15"},
)


def _grouped(random: Random) -> Document:
    """Metrics of one home by some of its dimensions."""
    home = random.choice(("orders", "orders", "orders", *METRICS))
    metrics = random.sample(METRICS[home], min(len(METRICS[home]), random.choice((1, 1, 2))))
    asked: Document = {"metrics": metrics}
    dimensions = random.sample(DIMENSIONS[home], random.choice((0, 1, 1, 2)))
    if {"revenue_before", "revenue_so_far"} & set(metrics):
        dimensions = ["metric_time.month", *dimensions[:1]]
    _with_some(random, asked, home, dimensions)
    return asked


def _stitched(random: Random) -> Document:
    """Metrics of several homes, and those that are made of several."""
    homes = random.sample(("orders", "refunds", "visits"), 2)
    metrics = [random.choice(METRICS[each][:2]) for each in homes]
    asked: Document = {"metrics": random.choice((metrics, ["net"], [*metrics[:1], "net"]))}
    dimensions = random.sample(SHARED, random.choice((0, 1, 2)))
    if dimensions:
        asked["dimensions"] = dimensions
    if random.random() < 0.5:
        asked["where"] = [random.choice(("customer.region = 'eu'", "customer.name <> 'SECRET0'"))]
    return asked


def _listed(random: Random) -> Document:
    """Rows of one model."""
    home = random.choice(tuple(FIELDS))
    asked: Document = {"fields": random.sample(FIELDS[home], random.choice((1, 2, 3)))}
    asked["from"] = home
    if random.random() < 0.5:
        asked["where"] = [random.choice(PREDICATES[home])]
    if home in KEYS and random.random() < 0.3:
        asked["fields"] = list(dict.fromkeys((*KEYS[home], *_texts(asked["fields"]))))
        asked["order_by"] = KEYS[home]
        asked["limit"] = random.choice((1, 3))
    return asked


def _values(random: Random) -> Document:
    """Values of dimensions."""
    home = random.choice(("orders", "customers", "lines"))
    asked: Document = {"dimensions": random.sample(DIMENSIONS[home], random.choice((1, 1, 2)))}
    asked["from"] = home
    if random.random() < 0.3:
        asked["where"] = [random.choice(PREDICATES[home])]
    return asked


def _saved(random: Random) -> Document:
    """A saved query, narrowed."""
    asked: Document = {"saved_query": random.choice(("by_region", "by_region", "by_wage", "by_x"))}
    if random.random() < 0.7:
        asked["where"] = [random.choice(PREDICATES["orders"])]
    return asked


def _few(random: Random) -> Document:
    """What those may ask who see groups only, and a little more."""
    asked: Document = {"metrics": random.sample(("revenue", "refunded", "net"), 1)}
    dimensions = random.sample(("customer.region", "status", "customer.name"), 1)
    if random.random() < 0.8:
        asked["dimensions"] = dimensions
    if random.random() < 0.6:
        told = random.choice(
            ("customer.region = 'eu'", "customer.region in ('eu', 'jp')", "customer.region <> 'x'")
        )
        asked["where"] = [told]
    if random.random() < 0.3:
        asked["having"] = [f"{_texts(asked['metrics'])[0]} > 100"]
    return asked


def _with_some(random: Random, asked: Document, home: str, dimensions: Sequence[str]) -> None:
    """Add to a question what else it may say."""
    if dimensions:
        asked["dimensions"] = list(dimensions)
    if random.random() < 0.6:
        asked["where"] = random.sample(PREDICATES[home], random.choice((1, 1, 2)))
    metric = _texts(asked["metrics"])[0]
    forms: Sequence[Document] = (
        {},
        {"having": [f"{metric} > 100"]},
        {"time": random.choice(RANGES)},
        {"time": {"from": "2024-02", "to": "2024-03"}, "compare": ["1 month"]},
        {"totals": True},
        {"top": {"by": metric, "n": 2, "other": random.random() < 0.5}},
        {"fill": random.choice((True, "dense"))},
        {"order_by": [f"-{metric}", *(each for each in dimensions if "(" not in each)]},
    )
    more = random.choice(forms)
    asked.update(more)
    is_whole = "order_by" in more and not any("(" in each for each in dimensions)
    if is_whole and dimensions and random.random() < 0.5:
        asked["limit"] = random.choice((1, 2))


def _texts(value: object) -> list[str]:
    assert isinstance(value, list)
    return value


FORMS: Sequence[Callable[[Random], Document]] = (
    *(_grouped, _grouped, _grouped, _grouped, _stitched, _stitched),
    *(_listed, _values, _saved, _few, _few),
)


def documents(seed: str) -> Iterator[str]:
    """Questions without an end, each once."""
    random = Random(seed)
    seen: set[str] = set()
    while True:
        asked = json.dumps(random.choice(FORMS)(random))
        if asked not in seen:
            seen.add(asked)
            yield asked
