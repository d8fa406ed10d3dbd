"""What this server tells of itself and of its SQL, by numbered question.

Every question has an answer of exactly the promised kind: some clients stop at a missing number,
and most stop at a number of another width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

import pyarrow as pa

from gateway.flight_sql import patterns, schemas


class Slot(IntEnum):
    """The kinds of answer, numbered as the union's children are."""

    TEXT = 0
    FLAG = 1
    LONG = 2
    NUMBER = 3
    TEXTS = 4
    CONVERSIONS = 5


InfoValue = tuple[Slot, Any]

SUPPORTS_TRANSACTIONS = 1
"""Transactions without savepoints. They mean nothing to reads; with none offered, a client whose
autocommit cannot be turned off warns at every connection."""
CASE_SENSITIVE = 3
NULLS_SORTED_HIGH = 0
MINIMUM_GRAMMAR = 1
NO_OUTER_JOINS = 0
TRANSACTION_NONE, TRANSACTION_NONE_BIT = 0, 1
FORWARD_ONLY_BIT, READ_ONLY_BIT = 2, 2

TEXTS: Mapping[int, str] = {
    504: '"',
    513: patterns.ESCAPE,
    514: "",
    529: "schema",
    530: "procedure",
    531: "catalog",
}
FLAGS: Mapping[int, bool] = {
    3: True,  # read only
    4: True,  # SQL
    5: False,  # Substrait
    9: True,  # cancelling
    10: False,  # bulk ingestion
    11: False,  # its transactions
    506: True,  # all tables are selectable
    515: True,  # column aliases
    516: True,  # NULL || NULL is NULL
    532: True,  # the catalog's name comes first
    **dict.fromkeys((500, 501, 502, 518, 519, 520, 521, 523, 524, 527, 536, 537, 539), False),
    **dict.fromkeys((556, 563, 565, 566, 572, 573, 574, 575, 576), False),
}
NUMBERS: Mapping[int, int] = {
    8: SUPPORTS_TRANSACTIONS,
    101: 0,  # timeout of transactions: none
    503: CASE_SENSITIVE,
    505: CASE_SENSITIVE,
    507: NULLS_SORTED_HIGH,
    522: 0,  # GROUP BY has exactly the selected dimensions
    525: MINIMUM_GRAMMAR,
    526: 0,  # ANSI 92 as a whole at no level
    528: NO_OUTER_JOINS,
    533: 0,  # schemas in statements other than SELECT
    534: 0,  # catalogs in statements other than SELECT
    535: 0,  # positioned commands
    538: 0,  # subqueries
    540: 0,  # unions
    562: TRANSACTION_NONE,
    564: TRANSACTION_NONE_BIT,
    567: FORWARD_ONLY_BIT,
    568: READ_ONLY_BIT,
    569: READ_ONLY_BIT,
    570: 0,  # scrolling results, sensitive
    571: 0,  # scrolling results, insensitive
}
LONGS = (*range(541, 556), *range(557, 562))
"""Greatest lengths and counts; 0 tells that no limit is known."""
LISTS = range(508, 513)
"""Keywords and functions beyond those of SQL-92."""
STATEMENT_TIMEOUT = 100
STATEMENT_LENGTH_MAX = 557


def sql_info(*, version: str, statement_idle_s: float, text_bytes_max: int) -> dict[int, InfoValue]:
    """Every answer by its number."""
    answers: dict[int, InfoValue] = {
        0: (Slot.TEXT, "forebay"),
        1: (Slot.TEXT, version),
        2: (Slot.TEXT, pa.__version__),
        6: (Slot.TEXT, None),
        7: (Slot.TEXT, None),
        517: (Slot.CONVERSIONS, []),
        STATEMENT_TIMEOUT: (Slot.NUMBER, int(statement_idle_s * 1000)),
    }
    answers |= {number: (Slot.TEXT, text) for number, text in TEXTS.items()}
    answers |= {number: (Slot.FLAG, flag) for number, flag in FLAGS.items()}
    answers |= {number: (Slot.NUMBER, value) for number, value in NUMBERS.items()}
    answers |= dict.fromkeys(LONGS, (Slot.LONG, 0))
    answers |= {number: (Slot.TEXTS, []) for number in LISTS}
    answers[STATEMENT_LENGTH_MAX] = (Slot.LONG, text_bytes_max)
    return dict(sorted(answers.items()))


def sql_info_table(answers: Mapping[int, InfoValue], asked: Sequence[int]) -> pa.Table:
    """The answers that are asked for, or all; numbers without an answer are passed over."""
    numbers = [number for number in dict.fromkeys(asked or answers) if number in answers]
    values = _union([answers[number] for number in numbers])
    names = pa.array(numbers, pa.uint32())
    return pa.Table.from_arrays([names, values], schema=schemas.SQL_INFO)


def _union(values: Sequence[InfoValue]) -> pa.Array[Any]:
    children: dict[Slot, list[Any]] = {slot: [] for slot in Slot}
    offsets: list[int] = []
    for slot, value in values:
        offsets.append(len(children[slot]))
        children[slot].append(value)
    return pa.UnionArray.from_dense(
        pa.array([slot for slot, _ in values], pa.int8()),
        pa.array(offsets, pa.int32()),
        [pa.array(children[slot], schemas.INFO_VALUE.field(slot).type) for slot in Slot],
        [schemas.INFO_VALUE.field(slot).name for slot in Slot],
    )
