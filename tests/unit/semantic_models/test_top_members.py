"""Which dimension of a question is ranked, where it names none."""

from __future__ import annotations

import pytest

from tests.support.models import world

MODEL = """
version: 1
models:
  plans:
    table: plans
    key: id
    time: since
    dimensions: {since: {type: time}, month: label, id: , after: {expr: since, type: time}}
    measures: {plans: count(*)}
    joins: {next: {to: plans, on: follows = plans.id}}
"""

ROWS = """
create table plans (id integer, follows integer, since date, label varchar);
insert into plans values (1, 2, '2024-01-01', 'a'), (2, null, '2024-01-02', 'b');
"""


@pytest.mark.parametrize(
    ("asked", "ranked"),
    [
        (["since", "month"], "month"),
        (["since.month", "next.month"], "next__month"),
        (["next.since.month", "id"], "id"),
        (["plans.after.part(dow)", "id"], "id"),
        (["metric_time", "id"], "id"),
    ],
)
def test_the_first_dimension_that_is_no_time_is_ranked(asked: list[str], ranked: str) -> None:
    answer = world(MODEL, ROWS).answer(
        {"metrics": ["plans"], "dimensions": asked, "top": {"by": "plans", "n": 1}}
    )

    assert [each for each in answer.names if each.endswith("__other")] == [f"{ranked}__other"]
