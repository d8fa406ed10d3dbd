"""What a test of a project compares: rows as written in YAML with rows as they came."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from gateway.project_tests import Cells, Expected, Order, cells_of, difference, sorted_by
from semantic_models.source import Mapping, Sequence, read_yaml
from semantic_models.spec import Scalar
from tests.support.models import the_shop


def rows(text: str) -> list[Expected]:
    """Rows as an author writes them."""
    node, _, _ = read_yaml("m.yml", f"k: {text}\n")
    assert isinstance(node, Mapping)
    listed = node.entries[0][1]
    assert isinstance(listed, Sequence)
    return [
        tuple(cell for cell in row.items if isinstance(cell, Scalar))
        for row in listed.items
        if isinstance(row, Sequence)
    ]


def came(value: Any, kind: pa.DataType) -> list[Cells]:
    """One value of a type, as a row of an answer."""
    return list(cells_of(pa.record_batch([pa.array([value], kind)], names=["a"])))


EQUAL = [
    ("12", 12, pa.int64()),
    ("12.0", 12, pa.int32()),
    ("9007199254740993", 2**53 + 1, pa.int64()),
    ("12.50", Decimal("12.5"), pa.decimal128(10, 3)),
    ("'12.5'", Decimal("12.5"), pa.decimal128(10, 3)),
    ("0.3", 0.1 + 0.2, pa.float64()),
    ("0.1", 0.1, pa.float32()),
    (".nan", float("nan"), pa.float64()),
    ("-.inf", float("-inf"), pa.float64()),
    ("true", True, pa.bool_()),
    ("paid", "paid", pa.string()),
    ("'null'", "null", pa.string()),
    ("10001", "10001", pa.string()),
    ("''", "", pa.string()),
    ("2024-03-10", date(2024, 3, 10), pa.date32()),
    ("2024-03-10 12:30:00", datetime(2024, 3, 10, 12, 30), pa.timestamp("us")),  # noqa: DTZ001
    ("2024-03-10T12:30:00", datetime(2024, 3, 10, 12, 30), pa.timestamp("us")),  # noqa: DTZ001
    (
        "2024-03-10T05:00:00-04:00",
        datetime(2024, 3, 10, 9, tzinfo=UTC),
        pa.timestamp("us", "America/New_York"),
    ),
    ("null", None, pa.int64()),
    ("", None, pa.string()),
    ("P1D", (0, 1, 0), pa.month_day_nano_interval()),
    ("P0M1DT0S", (0, 1, 0), pa.month_day_nano_interval()),
    ("P1Y2M1W-1D", (14, 6, 0), pa.month_day_nano_interval()),
    (
        "PT1H1M1.5S",
        (0, 0, 3_661_500_000_000),
        pa.month_day_nano_interval(),
    ),
]

DIFFERENT = [
    ("13", 12, pa.int64()),
    ("9007199254740992", 2**53 + 1, pa.int64()),
    ("12.5000001", Decimal("12.5"), pa.decimal128(10, 3)),
    ("0.30001", 0.3, pa.float64()),
    ("one", 1.0, pa.float64()),
    ("1", True, pa.bool_()),
    ("true", 1, pa.int64()),
    ("null", "null", pa.string()),
    ("''", None, pa.string()),
    ("a b", "aTb", pa.string()),
    ("2024-03-11", date(2024, 3, 10), pa.date32()),
    ("sNaN", 3, pa.int64()),
    ("sNaN", 3.0, pa.float64()),
    ("'0_3'", 3, pa.int64()),
    ("\uff13", 3, pa.int64()),
    ("true", float("nan"), pa.float64()),
    ("abc", float("nan"), pa.float64()),
    (".nan", 1.0, pa.float64()),
    ("P1D", (0, 2, 0), pa.month_day_nano_interval()),
    ("PT24H", (0, 1, 0), pa.month_day_nano_interval()),
    ("P", (0, 0, 0), pa.month_day_nano_interval()),
    ("P1DT", (0, 1, 0), pa.month_day_nano_interval()),
    ("P1D", "P0M1DT0S", pa.string()),
]


@pytest.mark.parametrize(("written", "value", "kind"), EQUAL)
def test_a_value_is_what_is_written(written: str, value: object, kind: pa.DataType) -> None:
    assert difference(rows(f"[[{written or '~'}]]"), came(value, kind), [0]) == ""


@pytest.mark.parametrize(("written", "value", "kind"), DIFFERENT)
def test_another_value_is_not(written: str, value: object, kind: pa.DataType) -> None:
    assert difference(rows(f"[[{written}]]"), came(value, kind), [0]) != ""


@pytest.mark.parametrize(
    ("expected", "found", "told"),
    [
        ("[[a, 1], [b, 2]]", [("b", 2), ("a", 1)], ""),
        ("[[a, 1], [a, 1]]", [("a", 1)], "expected [a, 1], found no such row"),
        ("[[a, 1]]", [("a", 1), (None, Decimal("2.50"))],
         "expected no further row, found [null, 2.50]"),
        ("[[a, 1], ['12', ~]]", [("b", 3), ("a", 1)], 'expected ["12", ~], found [b, 3]'),
        ("[[a]]", [("a", 1)], "expected [a], found [a, 1]"),
        ("[]", [], ""),
    ],
)  # fmt: skip
def test_rows_without_an_order_come_in_any(expected: str, found: list[Cells], told: str) -> None:
    assert difference(rows(expected), found, []) == told


def test_rows_of_an_ordered_question_come_in_that_order() -> None:
    told = difference(rows("[[a], [b]]"), [("b",), ("a",)], [0])

    assert told == "expected [a], found [b]"


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ("[[2, 0], [1, 0], [3, 1]]", ""),
        ("[[2, 0], [3, 1], [1, 0]]", "expected [3, 1], found [1, 0]"),
        ("[[3, 1], [1, 0], [2, 0]]", "expected [3, 1], found [2, 0]"),
        ("[[1, 0], [2, 0]]", "expected no further row, found [3, 1]"),
        ("[[1, 0], [2, 0], [3, 1], [4, 1]]", "expected [4, 1], found no such row"),
    ],
)
def test_rows_that_an_order_does_not_tell_apart_come_in_any(expected: str, told: str) -> None:
    found = [(1, 0), (2, 0), (3, 1)]

    assert difference(rows(expected), found, [1]) == told


def test_an_order_by_what_is_not_shown_is_that_of_the_rows() -> None:
    assert difference(rows("[[2], [1]]"), [(1,), (2,)], None) == "expected [2], found [1]"


def test_values_that_are_no_numbers_are_one_in_an_order_and_null_is_another() -> None:
    nan = float("nan")
    found: list[Cells] = [(1, nan), (2, nan), (3, None)]

    assert difference(rows("[[2, .nan], [1, .nan], [3, ~]]"), found, [1]) == ""


def test_a_duration_is_told_as_in_answers() -> None:
    found = came((0, 1, 0), pa.month_day_nano_interval())

    assert difference(rows("[[P2D]]"), found, []) == "expected [P2D], found [P0M1DT0S]"


@pytest.mark.parametrize(
    ("question", "order"),
    [
        ({"metrics": ["orders"], "dimensions": ["status"]}, []),
        ({"metrics": ["orders"], "dimensions": ["status"], "order_by": ["-orders"]}, [1]),
        ({"metrics": ["orders"], "dimensions": ["status"], "order_by": ["revenue"]}, None),
        ({"metrics": ["orders"], "dimensions": ["created_at"], "order_by": ["created_at"]}, [0]),
        ({"dimensions": ["region.name", "status"], "order_by": ["status"]}, [1]),
        ({"fields": ["order_id", "amount"], "from": "orders", "order_by": ["amount"]}, [1]),
        ({"fields": ["order_id"], "from": "orders", "order_by": ["amount"]}, None),
        ({"fields": ["order_id"], "from": "orders", "order_by": ["one"]}, []),
    ],
)
def test_an_order_goes_by_columns_of_the_answer(question: dict[str, Any], order: Order) -> None:
    assert sorted_by(the_shop().resolve(question)) == order
