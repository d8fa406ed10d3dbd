"""What those may ask who see groups only, and which cells of the answer are told."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from auth.errors import GroupsOnly
from auth.govern import govern
from auth.principal import Principal
from auth.rights import EVERYTHING
from semantic_models.errors import ForebayError
from semantic_models.make_plan import make_plan
from tests.support.models import World, world
from tests.support.policies import ROOT, governed, seen_under

MODELS = """
version: 1
models:
  orders:
    table: orders
    key: order_id
    time: day
    dimensions: {status: , buyer: , day: {type: time, grain: day}, twice: "2 * order_id"}
    measures:
      revenue: sum(amount)
      count: count(*)
      paid: {expr: sum(amount), where: status = 'paid'}
      filtered: sum(amount) filter (where status = 'paid')
      paid_count: count_if(status = 'paid')
      nothing: sum(case when amount < 0 then 1 end)
      greatest: max(amount)
      middle: median(amount)
      dear: {expr: sum(amount), where: amount >= param.least}
      last: {expr: sum(amount), last_by: day}
    joins: {customer: customers}
    segments: {is_paid: status = 'paid'}
  small_orders:
    table: orders
    key: order_id
    where: amount < 8
    dimensions: {status: }
    measures: {small: count(*)}
  customers:
    table: customers
    key: customer_id
    dimensions: {name: , region: }
    measures: {customers: count(*)}
    joins: {orders: {to: orders, on: customer_id = orders.buyer}}
parameters: {least: {type: integer, default: 0}}
metrics:
  share: coalesce(paid, 0) / revenue
  filled: {of: paid, fill_nulls_with: -1}
  told: "case when paid is null then 'open' else 'paid' end"
  null_or_nine: coalesce(nothing, 9)
  so_far: {of: revenue, cumulative: all}
  before: {of: revenue, offset: 1 month}
  of_all: {expr: revenue / all_of_it, with: {all_of_it: {of: revenue, grain: {keep_only: []}}}}
  place: {rank: revenue}
  each: {avg: revenue, per: buyer}
"""
TABLES = """
create table customers as from (values
  (1, 'Ann', 'EU'), (2, 'Bob', 'EU'), (3, 'Cid', 'US')) t(customer_id, name, region);
create table orders as select * replace (amount::decimal(10, 2) as amount), buyer as customer_id
from (values
  (1, 1, 'paid', 1.0, date '2024-01-01'), (2, 1, 'paid', 2.0, date '2024-01-02'),
  (3, 2, 'open', 4.0, date '2024-02-01'), (4, 3, 'open', 8.0, date '2024-02-02'),
  (5, 1, 'open', 16.0, date '2024-02-03'), (6, 2, 'paid', 32.0, date '2024-02-04'))
t(order_id, buyer, status, amount, day);
"""
SINCE_FEBRUARY = "day >= date '2024-02-01'"
FLOOR = "{grant: {models: all}, min_group: 2}"
BOARD = "{grant: {metrics: [revenue, count], dimensions: [status, customer.region, metric_time]}}"


@cache
def _made() -> World:
    return world(MODELS, TABLES, root=ROOT)


@cache
def _seen(policy: str) -> World:
    return seen_under(_made(), MODELS, policy)


def _rows(question: Any, policy: str = FLOOR) -> list[tuple[Any, ...]]:
    return sorted(_seen(policy).answer(question).rows, key=str)


def _asked(*metrics: str, by: str = "", **more: Any) -> dict[str, Any]:
    return {"metrics": [*metrics], "dimensions": [by] if by else [], **more}


def test_a_group_of_few_rows_is_left_out() -> None:
    assert _rows(_asked("revenue", by="customer.region")) == [("EU", Decimal(55))]
    assert ("US", Decimal(8)) in _made().answer(_asked("revenue", by="customer.region")).rows


def test_each_measure_is_counted_by_the_rows_that_it_is_made_of() -> None:
    by_day = _asked("revenue", "paid", "filtered", "paid_count", by="day.month")

    _, february = _rows(by_day)

    assert february[1:] == (Decimal(60), None, None, None)


def test_what_is_made_of_a_cell_of_few_is_null_and_no_default() -> None:
    question = _asked("share", "filled", "told", by="customer.region", where=[SINCE_FEBRUARY])

    assert _rows(question) == [("EU", None, None, None)]
    assert ("EU", 32 / 52, Decimal(32), "paid") in _made().answer(question).rows


def test_having_and_order_read_no_default_of_a_cell_of_few_either() -> None:
    question = _asked("filled", "revenue", by="customer.region", where=[SINCE_FEBRUARY])

    assert _rows({**question, "having": ["filled = -1"]}) == []
    assert _rows({**question, "having": ["filled is null"]}) == [("EU", None, Decimal(52))]
    last = {**_asked("revenue", by="status"), "order_by": ["filled"], "limit": 1}
    assert _rows({**last, "where": ["customer.region = 'EU'"]}) == [("paid", Decimal(35))]


def test_a_default_is_told_where_enough_rows_have_no_value() -> None:
    assert _rows(_asked("null_or_nine", by="status")) == [("open", 9), ("paid", 9)]


def test_having_order_and_limit_read_what_is_told() -> None:
    question = _asked("revenue", by="customer.name")

    assert _rows({**question, "having": ["revenue = 8"]}) == []
    assert _rows({**question, "order_by": ["revenue"], "limit": 1}) == [("Ann", Decimal(19))]


def test_the_only_group_stays_and_is_null() -> None:
    assert _rows(_asked("revenue", "count", where=["customer.region = 'US'"])) == [(None, None)]


def test_rows_behind_one_to_many_joins_are_counted_once() -> None:
    assert _rows(_asked("customers", by="orders.status")) == [("open", 3), ("paid", 2)]
    assert _rows(_asked("customers", by="orders.day")) == []


def test_each_home_is_counted_by_its_own_rows() -> None:
    assert _rows(_asked("revenue", "small", by="status")) == [
        ("open", Decimal(28), None),
        ("paid", Decimal(35), 2),
    ]


def test_each_compared_period_is_counted_by_itself() -> None:
    question = _asked("paid", by="metric_time.month", compare=["1 month"])

    assert [row[1:3] for row in _rows(question)] == [(Decimal(3), None), (None, Decimal(3))]


def test_distinct_values_of_a_member_are_counted_where_that_is_written() -> None:
    policy = "{grant: {models: all}, min_group: 2, min_group_of: buyer}"

    assert _rows(_asked("revenue", by="status"), policy) == [
        ("open", Decimal(28)),
        ("paid", Decimal(35)),
    ]
    assert _rows(_asked("revenue", by="day.month"), policy)[0][1] == Decimal(60)
    assert len(_rows(_asked("revenue", by="day.month"), policy)) == 1
    with pytest.raises(GroupsOnly):
        _rows(_asked("customers"), policy)


def test_members_are_ranked_by_what_is_told() -> None:
    question = _asked("revenue", by="customer.name", top={"by": "revenue", "n": 1})
    wide = {**question, "where": ["day <= date '2024-02-03'"]}

    assert _rows(wide) == [("Ann", False, Decimal(19))]


@pytest.mark.parametrize(
    "question",
    [
        {"fields": ["status"], "from": "orders"},
        {"dimensions": ["buyer"]},
        "select status, amount from orders",
        "select * from orders",
        _asked("revenue", by="status", totals=True),
        _asked("revenue", by="status", top={"by": "revenue", "n": 1, "other": True}),
        _asked("revenue", where=["metric(revenue, buyer) > 3"]),
        _asked("revenue", where=["amount >= param.least"]),
        _asked("revenue", by="metric_time.month", fill=True),
        _asked("greatest"),
        _asked("middle"),
        _asked("dear"),
        _asked("last"),
        _asked("so_far", by="metric_time.month"),
        _asked("of_all", by="status"),
        _asked("place", by="status"),
        _asked("each"),
    ],
    ids=str,
)
def test_what_is_not_held_to_a_floor_is_refused(question: Any) -> None:
    if isinstance(question, dict) and "amount" not in str(question):
        _made().answer(question)

    assert _seen(FLOOR).refusal(question).code in ("SL412", "E_NAME_NOT_FOUND")


def test_another_time_is_held_to_a_floor() -> None:
    assert _rows(_asked("before", by="metric_time.month"))[0][1] == Decimal(3)


def test_a_plan_without_its_floor_is_no_governed_plan() -> None:
    plan = make_plan(_made().resolve(_asked("revenue")))

    govern(plan, Principal("ann", frozenset()), EVERYTHING)
    with pytest.raises(GroupsOnly):
        govern(plan, Principal("ann", frozenset()), _seen(FLOOR).rights)


@pytest.mark.parametrize(
    "question",
    [
        _asked("revenue", by="status"),
        _asked("revenue", by="customer.region", where=["status = 'paid'"]),
        _asked("revenue", by="metric_time.month"),
        _asked("count", where=["status in ('paid', 'open') and customer.region = 'EU'"]),
        _asked("count", where=[{"field": "status", "op": "=", "value": "paid"}]),
        "select revenue, status from orders where status = 'paid'",
        _asked("revenue", by="metric_time.month", compare=["1 month"]),
    ],
    ids=str,
)
def test_metrics_alone_are_answered_by_granted_dimensions(question: Any) -> None:
    assert _rows(question, BOARD) == sorted(_made().answer(question).rows, key=str)


@pytest.mark.parametrize(
    "question",
    [
        _asked("revenue", where=["status <> 'paid'"]),
        _asked("revenue", where=["not status = 'paid'"]),
        _asked("revenue", where=["status = 'paid' or status = 'open'"]),
        _asked("revenue", where=["status like 'p%'"]),
        _asked("revenue", where=["status = customer.region"]),
        _asked("revenue", where=[{"field": "status", "op": "!=", "value": "paid"}]),
        _asked("revenue", time={"from": "2024-01-02"}),
        {"dimensions": ["status"]},
        {"fields": ["status"]},
    ],
    ids=str,
)
def test_metrics_alone_are_filtered_by_equality(question: Any) -> None:
    assert _seen(BOARD).refusal(question).code == "SL412"


@pytest.mark.parametrize(
    ("known", "missing"),
    [
        (_asked("revenue", by="customer.name"), _asked("revenue", by="customer.none")),
        (_asked("revenue", by="buyer"), _asked("revenue", by="none")),
        (_asked("revenue", where=["is_paid"]), _asked("revenue", where=["none"])),
        (_asked("revenue", where=["buyer = 1"]), _asked("revenue", where=["none = 1"])),
        (_asked("paid"), _asked("none")),
        (_asked("customers"), _asked("none")),
        (_asked("revenue", having=["paid > 1"]), _asked("revenue", having=["none > 1"])),
        (_asked("revenue", order_by=["paid"]), _asked("revenue", order_by=["none"])),
    ],
    ids=str,
)
def test_names_that_may_not_be_used_are_not_there(known: Any, missing: Any) -> None:
    names = ("customer.name", "buyer", "is_paid", "paid", "customers")
    told = [_told(_seen(BOARD).refusal(each)) for each in (known, missing)]
    for name in names:
        told[0] = told[0].replace(name, "none")

    assert told[0] == told[1].replace("customer.none", "none")


def _told(error: ForebayError) -> str:
    return f"{error.code} {error.message} {error.detail} {error.hint}"


def test_the_catalog_has_the_granted_names_alone() -> None:
    seen = _seen(BOARD).visible

    assert sorted(seen.metrics) == ["count", "revenue"]
    assert sorted(seen.models["orders"].dimensions) == ["day", "status"]
    assert sorted(seen.models["customers"].dimensions) == ["region"]
    assert not seen.models["orders"].segments


@pytest.mark.parametrize(
    "policy",
    [
        "{grant: {metrics: [revenue], dimensions: [customer.none]}}",
        "{grant: {metrics: [customers], dimensions: [status]}}",
        "{grant: {models: all}, min_group: 2, min_group_of: none}",
    ],
)
def test_names_that_lead_nowhere_are_refused_when_policies_are_loaded(policy: str) -> None:
    _, faults = governed(f"  p: {policy}\n", _made(), MODELS)

    assert len(faults) == 1


def test_a_floor_of_metrics_alone_holds_too() -> None:
    policy = BOARD.replace("}}", "}, min_group: 2}")

    assert _rows(_asked("revenue", by="customer.region"), policy) == [("EU", Decimal(55))]


ROWS_TOO = "{grant: {models: [customers]}}"


def _both(*further: str) -> World:
    text = "".join(f"  p{n}: {each}\n" for n, each in enumerate((BOARD, ROWS_TOO, *further)))
    policies, faults = governed(text, _made(), MODELS)
    assert [each.message for each in faults] == []
    return _made().seen_by(Principal("ann", frozenset()), policies)


def test_metrics_that_are_granted_alone_are_grouped_as_they_are_granted_beside_rows_of_others() -> (
    None
):
    seen = _both()

    told = sorted(seen.answer(_asked("revenue", by="customer.region")).rows)
    listed = seen.answer({"fields": ["customers.name"]}).rows
    counted = seen.answer(_asked("customers", by="name")).rows

    assert told == [("EU", Decimal(55)), ("US", Decimal(8))]
    assert len(listed) == 3
    assert len(counted) == 3
    assert seen.answer(_asked("revenue", where=["status = 'paid'"])).rows == [(Decimal(35),)]
    assert seen.answer(_asked("revenue", "customers")).rows == [(Decimal(63), 3)]


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"fields": ["name", "orders.status"]}, "E_NAME_NOT_FOUND"),
        ({"dimensions": ["status"]}, "E_NAME_NOT_FOUND"),
        ({"dimensions": ["orders.status"]}, "E_NAME_NOT_FOUND"),
        (_asked("customers", by="orders.status"), "E_NAME_NOT_FOUND"),
        (_asked("revenue", by="customer.name"), "E_NAME_NOT_FOUND"),
        (_asked("revenue", where=["status > 'a'"]), "SL412"),
        (_asked("revenue", by="status", totals=True), "SL412"),
        (_asked("revenue", time={"from": "2024-01-01"}), "SL412"),
    ],
)
def test_rows_of_one_model_open_no_rows_of_another_whose_metrics_are_granted_alone(
    question: dict[str, Any], code: str
) -> None:
    assert _both().refusal(question).code == code


def test_a_metric_of_single_rows_that_is_granted_alone_stays_refused_beside_rows_of_others() -> (
    None
):
    seen = _both("{grant: {metrics: [greatest]}}")

    assert seen.refusal(_asked("greatest")).code == "SL412"
    assert seen.refusal(_asked("middle")).code == "E_NAME_NOT_FOUND"


def test_a_floor_holds_for_both_kinds_of_grants() -> None:
    seen = _both("{min_group: 2}")

    assert seen.answer(_asked("revenue", by="customer.region")).rows == [("EU", Decimal(55))]
    assert seen.refusal({"fields": ["customers.name"]}).code == "SL412"
    assert seen.answer(_asked("customers", by="region")).rows == [("EU", 2)]


def test_names_of_both_kinds_of_grants_are_told() -> None:
    seen = _both().visible

    assert set(seen.models["customers"].dimensions) == {"name", "region"}
    assert "status" in seen.models["orders"].dimensions
    assert "twice" not in seen.models["orders"].dimensions
    assert {"revenue", "count", "customers"} <= set(seen.metrics)
