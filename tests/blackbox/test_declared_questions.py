"""Saved queries and tests of a project, as the command line lists, asks and runs them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.blackbox.processes import run
from tests.support.demo_questions import DEMO

SAVED = """\
version: 1
saved_queries:
  busiest:
    description: Flights from JFK by carrier
    metrics: [flights]
    dimensions: [carrier.name]
    where: [origin = 'JFK']
    order_by: [-flights]
    limit: 2
"""


def test_a_saved_query_is_listed_asked_and_narrowed(tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path / "p")
    (tmp_path / "p" / "models" / "saved.yml").write_text(SAVED)
    on_it = ("-p", str(tmp_path / "p"))

    listed = run("ls", "saved-queries", *on_it)
    asked = run("query", "--saved", "busiest", *on_it)
    narrowed = run(
        "query", "--saved", "busiest", "-w", "carrier.name like 'A%'", "--limit", "1", *on_it
    )

    assert listed.stdout == b"saved query busiest  Flights from JFK by carrier\n"
    assert (
        asked.stdout.split()
        == b"""carrier__name,flights JetBlue Airways,42076
        Delta Air Lines Inc.,20701""".split()
    )
    assert narrowed.stdout == b"carrier__name,flights\r\nAmerican Airlines Inc.,13783\r\n"


TESTS = """\
version: 1
saved_queries:
  busiest: {metrics: [flights], dimensions: [origin], order_by: [-flights]}
tests:
  in_any_order:
    query: {metrics: [flights], dimensions: [origin]}
    expect: [[JFK, 111279], [EWR, 120835], [LGA, 104662]]
  in_order: {query: {saved_query: busiest, limit: 2}, expect: [[JFK, 111279], [EWR, 120835]]}
  delay: {query: {metrics: [avg_dep_delay]}, expect: [[12.639070257304708]]}
  refused: {query: {metrics: [flights], where: [nope = 1]}, expect_error: E_NAME_NOT_FOUND}
  answered: {query: {metrics: [flights]}, expect_error: E_NO_PATH}
"""
FAILURES = """\
FAILED in_order: expected [JFK, 111279], found [EWR, 120835]
FAILED answered: expected E_NO_PATH, found an answer
3 passed, 2 failed
"""


def test_the_tests_of_a_project_are_run(tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path / "p")
    (tmp_path / "p" / "models" / "tests.yml").write_text(TESTS)
    on_it = ("-p", str(tmp_path / "p"))

    every, two = run("test", *on_it), run("test", "in_any*", "refused", "-f", "json", *on_it)
    none = run("test", "refuse", *on_it)

    assert (every.returncode, every.stdout.decode()) == (1, FAILURES)
    assert (two.returncode, json.loads(two.stdout)) == (
        0,
        {
            "passed": 2,
            "failed": 0,
            "tests": [
                {"name": "in_any_order", "failure": ""},
                {"name": "refused", "failure": ""},
            ],
        },
    )
    assert (none.returncode, b'test "refuse" does not exist' in none.stderr) == (1, True)
