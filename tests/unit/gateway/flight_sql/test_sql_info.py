"""Server information: every question answered, each with the promised kind of value."""

from __future__ import annotations

from gateway.flight_sql import schemas
from gateway.flight_sql.sql_info import Slot, sql_info, sql_info_table

INFO = sql_info(version="0.1.0", statement_idle_s=90, text_bytes_max=65_536)

PROMISED = {
    Slot.TEXT: {0, 1, 2, 6, 7, 504, 513, 514, 529, 530, 531},
    Slot.FLAG: {3, 4, 5, 9, 10, 11, 500, 501, 502, 506, 515, 516, 518, 519, 520, 521, 523, 524}
    | {527, 532, 536, 537, 539, 556, 563, 565, 566, 572, 573, 574, 575, 576},
    Slot.LONG: {*range(541, 556), *range(557, 562)},
    Slot.NUMBER: {8, 100, 101, 503, 505, 507, 522, 525, 526, 528, 533, 534, 535, 538, 540}
    | {562, 564, 567, 568, 569, 570, 571},
    Slot.TEXTS: {508, 509, 510, 511, 512},
    Slot.CONVERSIONS: {517},
}


def test_every_question_has_an_answer() -> None:
    assert list(INFO) == [*range(12), 100, 101, *range(500, 577)]


def test_every_answer_is_of_the_promised_kind() -> None:
    found = {slot: {number for number, (of, _) in INFO.items() if of is slot} for slot in Slot}

    assert found == PROMISED


def test_all_are_told_where_none_is_asked_for() -> None:
    table = sql_info_table(INFO, ())
    table.validate(full=True)

    assert (table.schema, table["info_name"].to_pylist()) == (schemas.SQL_INFO, list(INFO))


def test_answers_come_in_the_order_asked_each_once() -> None:
    table = sql_info_table(INFO, (100, 8, 0, 8, 3, 557, 517, 508))

    assert table.to_pylist() == [
        {"info_name": 100, "value": 90_000},
        {"info_name": 8, "value": 1},
        {"info_name": 0, "value": "forebay"},
        {"info_name": 3, "value": True},
        {"info_name": 557, "value": 65_536},
        {"info_name": 517, "value": []},
        {"info_name": 508, "value": []},
    ]


def test_numbers_without_an_answer_are_passed_over() -> None:
    table = sql_info_table(INFO, (9_999, 1))

    assert table.to_pylist() == [{"info_name": 1, "value": "0.1.0"}]


def test_nothing_known_is_an_empty_table_of_the_same_schema() -> None:
    table = sql_info_table(INFO, (9_999,))

    assert (table.schema, table.num_rows) == (schemas.SQL_INFO, 0)
