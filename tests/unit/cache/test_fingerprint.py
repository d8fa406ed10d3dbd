"""Plans have one name exactly when everything that makes their answer is the same."""

from __future__ import annotations

from dataclasses import replace

from auth.govern import govern
from auth.principal import ANONYMOUS, Principal
from cache.fingerprint import fingerprint
from semantic_models.model import Table
from semantic_models.plan import Plan, Scan

PLAN = Plan(
    root=Scan("orders", (), Table(("orders",))),
    columns=(),
    zone="UTC",
    engine="local",
)


def name_of(plan: Plan = PLAN, *, sql: str = "SELECT 1", dialect_version: str = "duckdb-1") -> str:
    return fingerprint(govern(plan, ANONYMOUS), sql=sql, dialect_version=dialect_version)


def test_equal_plans_of_two_principals_have_one_name() -> None:
    other = govern(PLAN, Principal("ada"))

    assert fingerprint(other, sql="SELECT 1", dialect_version="duckdb-1") == name_of()


def test_the_name_differs_with_every_part() -> None:
    names = {
        name_of(),
        name_of(sql="SELECT 2"),
        name_of(dialect_version="duckdb-2"),
        name_of(replace(PLAN, zone="Europe/Berlin")),
        name_of(sql="SELECT 1UTC", dialect_version="duckdb-1"),
        name_of(sql="SELECT 1", dialect_version="UTCduckdb-1"),
    }

    assert len(names) == 6
    assert {len(each) for each in names} == {32}
