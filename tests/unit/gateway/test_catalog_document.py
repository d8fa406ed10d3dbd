"""A catalog as a document."""

from __future__ import annotations

from typing import Any

import orjson
import sqlglot

from gateway.catalog_document import (
    catalog_document,
    metric_document,
    metric_names,
    model_document,
)
from semantic_models.catalog import Catalog
from semantic_models.model import (
    Bridge,
    Cardinality,
    Dimension,
    Expr,
    Grain,
    Hierarchy,
    Join,
    Measure,
    MeasureUse,
    Metric,
    Model,
    Segment,
    Select,
    Table,
)
from semantic_models.parse_document import parse_object
from semantic_models.query import SavedQuery
from semantic_models.spec import Described, Scalar
from semantic_models.types import FLOAT64, INT64, TIMESTAMP


def written(text: str) -> Scalar:
    return Scalar(text, text, "models/orders.yml", ((1, 1),))


def expr(text: str) -> Expr:
    return Expr(sqlglot.parse_one(text, dialect="duckdb"), origin=written(text))


HIDDEN = Described(hidden=True)

ORDERS = Model(
    name="orders",
    relation=Table(("shop", "orders")),
    engine="local",
    key=("order_id",),
    unique=(("number", "year"),),
    time="created_at",
    where=expr("not is_test"),
    dimensions={
        "created_at": Dimension(
            name="created_at", expr=expr("created_at"), type=TIMESTAMP, grain=Grain.SECOND
        ),
        "secret": Dimension(name="secret", expr=expr("secret"), about=HIDDEN),
    },
    measures={
        "revenue": Measure(
            name="revenue",
            model="orders",
            expr=expr("sum(amount)"),
            where=expr("amount > 0"),
            time="created_at",
            type=FLOAT64,
            about=Described(label="Revenue", format="$,.2f", tags=("money",), synonyms=("sales",)),
        ),
        "secret_sum": Measure(
            name="secret_sum", model="orders", expr=expr("sum(secret)"), about=HIDDEN
        ),
    },
    hierarchies={"when": Hierarchy(name="when", levels=("created_at.year", "created_at"))},
    segments={"big": Segment(name="big", expr=expr("amount > 100"))},
    joins={
        "customer": Join(
            name="customer",
            source="orders",
            target="customers",
            columns=(("customer_id", "id"),),
            cardinality=Cardinality.MANY_TO_ONE,
            key=("id",),
        )
    },
    bridges={
        "tags": Bridge(
            name="tags", target="tags", through="order_tags", path=("order_tags:order", "tag")
        )
    },
)
REVENUE = Metric(
    name="revenue", formula=expr("i0"), inputs=(MeasureUse("orders", "revenue"),), type=FLOAT64
)
PAID_SHARE = Metric(
    name="paid_share",
    formula=expr("i0 / i1"),
    inputs=(MeasureUse("orders", "revenue", (expr("is_paid"),)), MeasureUse("orders", "revenue")),
    about=Described(description="How much was paid", unit="%", owner="finance"),
)


def test_a_model_is_told_with_every_member_that_can_be_asked() -> None:
    assert model_document(ORDERS) == {
        "name": "orders",
        "engine": "local",
        "relation": {"table": "shop.orders"},
        "key": ["order_id"],
        "unique": [["number", "year"]],
        "time": "created_at",
        "where": "not is_test",
        "dimensions": [
            {
                "name": "created_at",
                "type": "timestamp",
                "grain": "second",
                "expr": "created_at",
            }
        ],
        "hierarchies": [{"name": "when", "levels": ["created_at.year", "created_at"]}],
        "measures": [
            {
                "name": "revenue",
                "label": "Revenue",
                "format": "$,.2f",
                "tags": ["money"],
                "synonyms": ["sales"],
                "type": "float64",
                "expr": "sum(amount)",
                "where": "amount > 0",
                "time": "created_at",
            }
        ],
        "segments": [{"name": "big", "expr": "amount > 100"}],
        "joins": [
            {
                "name": "customer",
                "to": "customers",
                "cardinality": "N:1",
                "columns": [["customer_id", "id"]],
                "key": ["id"],
            }
        ],
        "bridges": [{"name": "tags", "to": "tags", "through": "order_tags"}],
    }


def test_a_model_over_a_select_tells_the_select() -> None:
    select = Select(sqlglot.parse_one("SELECT 1 AS x"), origin=written("select 1 as x"))
    model = Model(name="one", relation=select, engine="local")

    assert model_document(model)["relation"] == {"sql": "select 1 as x"}


def test_an_expression_that_nobody_wrote_is_told_in_sql() -> None:
    bare = Metric(name="n", formula=Expr(sqlglot.parse_one("i0 + 1")), inputs=(), type=INT64)

    assert metric_document(bare, "n")["expr"] == "i0 + 1"


def test_a_metric_is_told_with_what_it_is_made_of() -> None:
    assert metric_document(PAID_SHARE, "paid_share") == {
        "name": "paid_share",
        "description": "How much was paid",
        "unit": "%",
        "owner": "finance",
        "kind": "metric",
        "type": None,
        "expr": "i0 / i1",
        "inputs": [
            {"model": "orders", "measure": "revenue", "where": ["is_paid"]},
            {"model": "orders", "measure": "revenue", "where": []},
        ],
    }


def test_each_metric_is_named_once_by_its_shortest_name() -> None:
    catalog = Catalog(
        name="shop",
        version="v1",
        models={},
        metrics=dict.fromkeys(
            ("revenue", "orders.revenue", "orders.rows", "customers.rows"), REVENUE
        ),
        shared_names={"rows": ("orders.rows", "customers.rows")},
    )

    assert metric_names(catalog) == ("revenue", "orders.rows", "customers.rows")


def test_a_catalog_is_ready_for_json_and_leaves_hidden_members_out() -> None:
    hidden = Metric(name="secret_sum", formula=expr("i0"), inputs=(), about=HIDDEN)
    catalog = Catalog(
        name="shop",
        version="v1",
        models={
            "orders": ORDERS,
            "raw": Model(name="raw", relation=Table(("r",)), engine="x", about=HIDDEN),
        },
        metrics={"revenue": REVENUE, "secret_sum": hidden, "paid_share": PAID_SHARE},
        time_zone="America/New_York",
        saved_queries={
            each.name: each
            for each in (
                saved(
                    "paid",
                    where=["created_at is null", {"field": "created_at", "value": "2024-03-10"}],
                ),
                saved("lost", fields=["nothing"]),
                saved("quiet", hidden=True),
            )
        },
    )

    document = orjson.loads(orjson.dumps(catalog_document(catalog)))

    assert document == {
        "name": "shop",
        "version": "v1",
        "time_zone": "America/New_York",
        "models": [model_document(ORDERS)],
        "metrics": [metric_document(REVENUE, "revenue"), metric_document(PAID_SHARE, "paid_share")],
        "saved_queries": [
            {
                "name": "paid",
                "label": "Paid",
                "metrics": [],
                "dimensions": [],
                "fields": ["created_at"],
                "where": [
                    "created_at is null",
                    {"field": "created_at", "op": "=", "value": ["2024-03-10"]},
                ],
                "having": [],
            }
        ],
    }


def saved(name: str, *, hidden: bool = False, **asked: Any) -> SavedQuery:
    query = parse_object({"fields": ["created_at"], **asked})
    return SavedQuery(name=name, query=query, about=Described(label=name.title(), hidden=hidden))
