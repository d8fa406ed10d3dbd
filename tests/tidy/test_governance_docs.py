"""The pages of policies and of the audit say what the code does."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import duckdb

from auth.audit import Record
from gateway.audit_log import AuditSettings
from gateway.project import load_project
from semantic_models.parameters import TYPES
from semantic_models.spec_keys import GRANTED
from tests.projects.test_broken_projects import ROOT, TABLES
from tests.tidy.test_docs import (
    BLOCK,
    default_of,
    first_words,
    page,
    quoted,
    rows,
    section,
    settings_page,
)


def policies() -> str:
    return page("reference/policies.md")


def test_every_member_of_a_record_is_told() -> None:
    told = first_words(section(page("reference/audit.md"), "A record"))

    assert told == [*(each.name for each in dataclasses.fields(Record)), "seal"]


def test_every_setting_of_an_audit_is_told_with_its_default() -> None:
    told = [
        (row[0].strip("`"), row[1].strip("`")) for row in rows(section(settings_page(), "Audit"))
    ]

    assert told == [(each.name, default_of(each)) for each in dataclasses.fields(AuditSettings)]


def test_every_part_of_a_grant_is_told() -> None:
    assert first_words(section(policies(), "Grants")) == list(GRANTED)


def test_every_type_of_an_attribute_is_told() -> None:
    [row] = [each for each in rows(section(policies(), "attribute")) if each[0] == "`type`"]

    assert quoted(row[2]) == list(TYPES)


MODELS = """\
version: 1
models:
  orders:
    table: orders
    dimensions: {status: }
    measures: {revenue: sum(amount)}
    joins: {customer: {to: customers, on: customer_id = customers.customer_id}}
  customers: {table: customers, key: customer_id, dimensions: {name: , region: }}
"""


def test_the_policies_that_are_shown_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, told in TABLES.items():
        duckdb.connect(config={"threads": 1}).execute(
            f"copy ({told}) to '{tmp_path / 'data' / name}.parquet'"
        )
    [(name, kind, text)] = BLOCK.findall(policies())
    files = {
        "forebay.yml": ROOT.decode() + "attributes: {region: string}\n",
        "models/shop.yml": MODELS,
        name: text,
    }
    for path, held in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(held)
    project = load_project(tmp_path, types_folder=tmp_path / "types")
    project.close()

    made = project.snapshot.policies.policies
    assert (kind, [each.name for each in made]) == ("yaml", ["staff", "by_region", "pii", "board"])
