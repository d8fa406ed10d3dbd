"""As whom commands ask: the service, or somebody of roles and attributes."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import cli
from tests.security.two_shops import A, written

QUESTION = '{"metrics": ["revenue"], "dimensions": ["customer.region"], "order_by": ["revenue"]}'
EU = ("--role", "analyst", "--attr", "regions=eu")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("asked") / "shop", A)


def run(project: Path, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [command, *arguments, "-p", str(project)])


def test_whoever_has_the_folder_asks_as_the_service(project: Path) -> None:
    rows = run(project, "query", QUESTION, "-f", "csv").output.splitlines()

    assert rows == ["customer__region,revenue", "eu,705", "us,775", "jp,100000"]


def test_a_role_and_an_attribute_ask_as_somebody(project: Path) -> None:
    rows = run(project, "query", QUESTION, "-f", "csv", *EU).output.splitlines()

    assert rows == ["customer__region,revenue", "eu,705"]


def test_somebody_is_refused_what_they_may_not_name(project: Path) -> None:
    refused = run(project, "query", '{"metrics": ["margin"]}', *EU)

    assert getattr(refused.exception, "code", "") == "E_NAME_NOT_FOUND"


def test_sql_and_proof_are_those_of_whom_is_asked_as(project: Path) -> None:
    service, somebody = (run(project, "compile", QUESTION, *each).output for each in ((), EU))
    told = run(project, "explain-query", QUESTION, "-f", "json", *EU).output

    assert ("EXISTS" in service, "EXISTS" in somebody) == (False, True)
    assert orjson.loads(told)["policies"][:2] == ["staff", "by_region"]


def test_an_attribute_that_is_not_declared_is_refused(project: Path) -> None:
    refused = run(project, "query", QUESTION, "--role", "analyst", "--attr", "region=eu")

    assert getattr(refused.exception, "code", "") == "E_NAME_NOT_FOUND"


def test_why_tells_the_verdict_the_reasons_and_the_policies(project: Path) -> None:
    told = run(project, "why", "ann", "customers.email", *EU).output.splitlines()

    assert told == [
        "customers.email is masked for ann (roles: analyst)",
        '  policy "mail" masks column "email" of model "customers"',
        '  policy "of_region" filters the rows of model "customers"',
        "policies that apply: staff, by_region, of_region, of_lines, of_refunds, of_visits, "
        "of_plans, of_labels, mail, secrets, costs",
        "limits that hold:",
        "  rows 1000000, by default",
        "  bytes 268435456, by default",
        "  seconds 120, by default",
        "  running 8, by default",
        "  queued 64, by default",
        "  per_second 1000000, by forebay.yml",
        "  burst 1000000, by forebay.yml",
        "  handles 512, by default",
        "  text_bytes 65536, by default",
        "  depth 32, by default",
        "  body_bytes 1048576, by default",
    ]


def test_why_of_a_key_is_of_its_roles(project: Path) -> None:
    made = CliRunner().invoke(
        cli, ["token", "create", "oda", "--role", "admin", "-p", str(project)]
    )
    told = run(project, "why", "oda", "margin", "-f", "json").output
    nobody = run(project, "why", "eve", "margin")

    assert made.exit_code == 0
    document = orjson.loads(told)
    limits = document.pop("limits")
    assert limits["rows"] == {"value": 1_000_000, "by": "default"}
    assert limits["burst"] == {"value": 1_000_000, "by": "forebay.yml"}
    assert document == {
        "user": "oda",
        "roles": ["admin"],
        "member": "margin",
        "verdict": "seen",
        "reasons": ["a grant names it, and nothing is kept back"],
        "applied": ["all"],
    }
    assert (nobody.exit_code, 'no live key is of "eve"' in nobody.output) == (2, True)
