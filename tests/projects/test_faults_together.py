"""Faults of one project do not hide one another, and odd SQL is a fault at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.project import load_project
from semantic_models.errors import FaultyProject, ForebayError
from tests.projects.test_broken_projects import ROOT
from tests.projects.test_broken_projects import data as data  # noqa: PLC0414 - a fixture

FILES = {
    "forebay.yml": "time_zone: UTC\n" + ROOT.decode(),
    "models/a.yml": """\
version: 1
models:
  orders:
    table: orders
    key: order_id
    where: amount >= 0
    dimensions:
      status:
      created_at: {type: time, grain: second}
      band: case when amount < 10 then 'low' else 'high' end
      twice: upper(band)
    measures:
      revenue: sum(amount)
      orders: count(*)
      paid: {expr: sum(amount), where: status = 'paid'}
    joins:
      customer: customers
    segments:
      emea: customer.region = 'EMEA'
  customers:
    table: customers
    key: customer_id
    dimensions: {name: , region: }
""",
    "models/b.yml": """\
version: 1
models:
  users:
    sql: select user_id, name, boss_id from users
    key: user_id
    dimensions: {name: , boss: boss_id}
    measures: {people: count(*)}
  lines: {table: lines, measures: {lines: count(*)}}
metrics:
  aov: revenue / orders
  emea: {of: orders, where: emea}
  per: people * 2
""",
}
"""A project without faults."""
MISTAKES = (
    ("forebay.yml", "time_zone: UTC", "time_zone: UTD"),
    ("forebay.yml", "name: shop", "name: shop\ntitle: Shop"),
    ("forebay.yml", "data/lines.parquet", "data/lines2.parquet"),
    ("models/a.yml", "amount >= 0", "abs(note) >= 0"),
    ("models/a.yml", "grain: second", "grain: sec"),
    ("models/a.yml", "amount < 10", "amonut < 10"),
    ("models/a.yml", "paid: {expr: sum(amount)", "paid: {expr: sum(note)"),
    ("models/a.yml", "customer.region", "customer.regin"),
    ("models/a.yml", "name: , region", "name: {hidden: 1}, region"),
    ("models/b.yml", "user_id, name,", "user_id, title as name,"),
    ("models/b.yml", "lines: count(*)", "lines: count(lines.*)"),
    ("models/b.yml", "revenue / orders", "sqrt(revenue, orders)"),
    ("models/b.yml", "of: orders", "off: orders"),
    ("models/b.yml", "people * 2", "people * persons"),
)
"""Independent ones: a file, what stands in it and what is written for it."""
Mistake = tuple[str, str, str]

ODD = (
    *("orders.*", "*", "count(orders.*)", "sum(*)", "not customer.*", "a.b.c.d.e", "?", "$1"),
    *(":name", "x -> y", "[1, 2]", "{'a': 1}", "map {'a': 1}", "note[1]", "(1, 2)", "(select 1)"),
    *("exists (select 1)", "x := 1", "case when true then 1 end", "interval amount day"),
    *("date '2020-13-45'", "cast(amount as int[])", "amount::foo", "extract(foo from created_at)"),
    *("date_trunc(note, created_at)", "sum(amount) over ()", "sum(sum(amount))", "columns(*)"),
    *("percentile_cont(note) within group (order by amount)", "* exclude (amount)", "1e400"),
    *("''", '""', "amount as x", "amount; amount", "principal.x", "metric_time", "created_at.foo"),
    *("sqrt(amount, 3)", "left(note)", "initcap()", "note.upper()", "amount = any(array[1])"),
    *("drop table orders", "pivot orders on a", "amount !", "-- c", "a..b", "(", "'a"),
)
SLOTS = {
    "dimension": "dimensions: {odd: SQL}",
    "measure": "measures: {odd: SQL}",
    "measure's where": "measures: {odd: {expr: count(*), where: SQL}}",
    "where": "where: SQL",
    "segment": "segments: {odd: SQL}",
    "join": "joins: {odd: {to: users, on: SQL}}",
    "sql": "sql: SQL",
    "metric": "measures: {orders: count(*)}\nmetrics: {odd: SQL}",
    "metric's where": "measures: {orders: count(*)}\nmetrics: {odd: {of: orders, where: SQL}}",
}


def faults_of(folder: Path, data: Path, files: dict[str, str]) -> tuple[ForebayError, ...]:
    """The faults of a project written below a folder."""
    (folder / "models").mkdir(parents=True)
    (folder / "data").symlink_to(data)
    for name, text in files.items():
        (folder / name).write_text(text)
    try:
        load_project(folder, types_folder=folder / "types").close()
    except FaultyProject as error:
        return error.faults
    return ()


def told(folder: Path, data: Path, mistakes: tuple[Mistake, ...]) -> list[tuple[str, str, str]]:
    """Code, line and message of the faults of the project with some mistakes, in order."""
    files = dict(FILES)
    for name, right, wrong in mistakes:
        assert right in files[name]
        files[name] = files[name].replace(right, wrong, 1)
    found = faults_of(folder, data, files)
    lines = [each.position.excerpt if each.position else "" for each in found]
    return [(each.code, at, each.message) for each, at in zip(found, lines, strict=True)]


def test_the_project_of_the_mistakes_has_no_fault(data: Path, tmp_path: Path) -> None:
    assert told(tmp_path / "sound", data, ()) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", MISTAKES, ids=lambda mistake: mistake[2])
def test_two_mistakes_are_told_as_each_alone(first: Mistake, data: Path, tmp_path: Path) -> None:
    alone = {
        each: told(tmp_path / str(number), data, (each,)) for number, each in enumerate(MISTAKES)
    }
    for number, second in enumerate(MISTAKES[MISTAKES.index(first) + 1 :]):
        together = told(tmp_path / f"both{number}", data, (first, second))

        assert len(alone[first]) == len(alone[second]) == 1
        assert sorted(together) == sorted(alone[first] + alone[second])


def test_all_mistakes_are_told_at_once(data: Path, tmp_path: Path) -> None:
    alone = [
        fault
        for number, each in enumerate(MISTAKES)
        for fault in told(tmp_path / str(number), data, (each,))
    ]

    assert sorted(told(tmp_path / "all", data, MISTAKES)) == sorted(alone)


@pytest.mark.parametrize("slot", SLOTS)
def test_odd_sql_is_at_most_a_coded_fault_in_its_line(
    slot: str, data: Path, tmp_path: Path
) -> None:
    for number, sql in enumerate(ODD):
        quoted = SLOTS[slot].replace("SQL", "'" + sql.replace("'", "''") + "'")
        model = quoted if slot == "sql" else f"table: orders\n    {quoted}"
        users = "  users: {table: users, key: user_id}"
        files = {
            "forebay.yml": ROOT.decode(),
            "models/a.yml": f"version: 1\nmodels:\n{users}\n  orders:\n    {model}\n",
        }

        for fault in faults_of(tmp_path / str(number), data, files):
            at = fault.position
            assert at is not None, (sql, fault.message)
            assert fault.hint.endswith(".")
            assert quoted.split("\n")[-1] in at.excerpt, (sql, fault.message)
