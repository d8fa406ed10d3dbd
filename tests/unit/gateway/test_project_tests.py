"""What a test of a project compares: rows as written in YAML with rows as they came."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from gateway.project_tests import Cells, Expected, cells_of, difference
from semantic_models.source import Mapping, Sequence, read_yaml
from semantic_models.spec import Scalar


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
]


@pytest.mark.parametrize(("written", "value", "kind"), EQUAL)
def test_a_value_is_what_is_written(written: str, value: object, kind: pa.DataType) -> None:
    assert difference(rows(f"[[{written or '~'}]]"), came(value, kind), is_ordered=True) == ""


@pytest.mark.parametrize(("written", "value", "kind"), DIFFERENT)
def test_another_value_is_not(written: str, value: object, kind: pa.DataType) -> None:
    assert difference(rows(f"[[{written}]]"), came(value, kind), is_ordered=True) != ""


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
    assert difference(rows(expected), found, is_ordered=False) == told


def test_rows_of_an_ordered_question_come_in_that_order() -> None:
    told = difference(rows("[[a], [b]]"), [("b",), ("a",)], is_ordered=True)

    assert told == "expected [a], found [b]"
