"""What the runner of suites calls the same, a failure and a surprise."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.suites.asking import Given, ask
from tests.suites.case import Case
from tests.suites.metricflow import whole_periods
from tests.suites.ossie import question_of
from tests.suites.rows import Row, difference
from tests.suites.runner import known_failures, main

SHOP = """
version: 1
models:
  orders: {table: orders, key: id, dimensions: {state: }, measures: {taken: sum(amount)}}
"""


def suite(_: Path) -> Iterator[Case]:
    yield Case("right", lambda: None)
    yield Case("wrong", lambda: "missing (1,)")


def broken(_: Path) -> Iterator[Case]:
    def fail() -> str | None:
        raise KeyError("dataset")

    yield Case("broken", fail)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([(1, "a"), (2, None)], [(2, None), (1, "a")]),
        ([(1.0000001,)], [(1.0,)]),
        ([(Decimal("1.50"),)], [(1.5,)]),
        ([(float("nan"),)], [(float("nan"),)]),
        ([(1,), (1,)], [(1,), (1,)]),
    ],
)
def test_rows_are_the_same_in_any_order_and_floats_nearly(
    given: list[Row], wanted: list[Row]
) -> None:
    assert difference(given, wanted, is_ordered=False) is None


@pytest.mark.parametrize(
    ("given", "wanted", "told"),
    [
        ([(1,)], [(1,), (1,)], "missing (1,) (1 rows given, 2 wanted)"),
        ([(None,)], [(0,)], "missing (0,), further (None,) (1 rows given, 1 wanted)"),
        ([(1.00001,)], [(1.0,)], "missing (1.0,), further (1.00001,) (1 rows given, 1 wanted)"),
        ([(1,)], [("1",)], "missing ('1',), further (1,) (1 rows given, 1 wanted)"),
        ([(True,)], [(1,)], "missing (1,), further (True,) (1 rows given, 1 wanted)"),
        ([(1, 2)], [(1,)], "missing (1,), further (1, 2) (1 rows given, 1 wanted)"),
    ],
)
def test_the_first_row_that_differs_is_told(given: list[Row], wanted: list[Row], told: str) -> None:
    assert difference(given, wanted, is_ordered=False) == told


def test_order_counts_where_it_is_asked_for() -> None:
    assert difference([(2,), (1,)], [(1,), (2,)], is_ordered=True) == "row 1 is (2,), wanted (1,)"
    assert difference([(1,)], [(1,), (2,)], is_ordered=True) == "1 rows given, 2 wanted"
    assert difference([(1,), (2,)], [(1,), (2,)], is_ordered=True) is None


def run_with(
    known: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[str]]:
    (tmp_path / "own.txt").write_text(known)
    code = main({"SUITE": "own", "CASES": str(tmp_path)}, {"own": suite}, tmp_path)
    return code, capsys.readouterr().out.splitlines()


def test_a_failure_that_is_not_known_fails_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_with("", tmp_path, capsys) == (1, ["wrong: missing (1,)", "1 passed, 1 failed"])


def test_a_known_failure_is_told_with_its_reason_and_fails_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["wrong: missing (1,) (known: not ours)", "1 passed, 1 failed"]
    assert run_with("# why\nwrong: not ours\n", tmp_path, capsys) == (0, told)


def test_a_known_failure_that_passes_fails_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = run_with("wrong: not ours\nright: not ours\n", tmp_path, capsys)
    assert code == 1
    assert told[1:] == ["right: passes, so take it off the list", "1 passed, 1 failed"]


def test_a_case_that_breaks_is_a_failing_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main({"SUITE": "own", "CASES": str(tmp_path)}, {"own": broken}, tmp_path) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_a_folder_without_cases_fails_the_run(tmp_path: Path) -> None:
    assert main({"SUITE": "own", "CASES": str(tmp_path)}, {"own": lambda _: ()}, tmp_path) == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"SUITE": "other", "CASES": "."},
        {"SUITE": "own", "CASES": ""},
        {"SUITE": "own", "CASES": ".", "ENGINE": "abacus"},
    ],
)
def test_what_cannot_run_is_misuse(asked: dict[str, str]) -> None:
    assert main(asked, {"own": suite}) == 2


def test_a_known_failure_needs_a_reason(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("wrong\n")
    with pytest.raises(ValueError, match="no reason for wrong"):
        known_failures("own", tmp_path)


def test_questions_are_asked_of_a_project_on_disk(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 1 AS id, 'new' AS state, 5 AS amount")
    root = "version: 1\nname: shop\nengines: {local: {type: duckdb, path: shop.duckdb}}\n"
    (tmp_path / "forebay.yml").write_text(root)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "orders.yml").write_text(SHOP)
    question = {"metrics": ["taken"], "dimensions": ["state"]}
    given = ask(tmp_path, question, types_folder=tmp_path / "types")
    assert given == Given(("state", "taken"), (("new", 5),))
    refused = ask(tmp_path, {"metrics": ["lost"]}, types_folder=tmp_path / "types")
    assert refused.codes == ("E_NAME_NOT_FOUND",)


@pytest.mark.parametrize(
    ("start", "end", "grain", "wanted"),
    [
        (
            "2020-01-15",
            "2020-02-15",
            "month",
            ("2020-01-01 00:00:00", "2020-02-29 23:59:59.999999"),
        ),
        ("2020-01-15", "2020-01-22", "week", ("2020-01-13 00:00:00", "2020-01-26 23:59:59.999999")),
        ("2020-01-01", "2020-01-01", "day", ("2020-01-01 00:00:00", "2020-01-01 23:59:59.999999")),
    ],
)
def test_a_range_of_metricflow_is_of_whole_periods(
    start: str, end: str, grain: str, wanted: tuple[str, str]
) -> None:
    assert whole_periods(start, end, grain) == dict(zip(("from", "to"), wanted, strict=True))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("SUM(orders.amount) > 60", "taken > 60"),
        ("MAX(orders.amount) > 60", "MAX(orders.amount) > 60"),
        ("taken >", "taken >"),
    ],
)
def test_an_aggregate_that_is_a_metric_is_read_as_that_metric(written: str, read: str) -> None:
    metrics = {"sum(orders.amount)": "taken"}

    assert question_of({"having": [written]}, metrics) == {"having": [read]}
