"""What a front end asks is written down before it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from auth.principal import Principal
from gateway.audit_log import AuditLog, AuditSettings, lines_of
from gateway.audited import Audited
from gateway.errors import AuditFailed, EngineError
from semantic_models.errors import ForebayError
from tests.unit.gateway.test_pipeline import BY_CARRIER, QUESTION, World

ADA = Principal("ada")


class Audit:
    """A gateway behind a door, and what is written of it."""

    def __init__(self, folder: Path) -> None:
        (folder / "key").write_bytes(b"k" * 32)
        (folder / "key").chmod(0o600)
        self.settings = AuditSettings(
            folder=folder / "records",
            anchors=folder / "anchors",
            key=folder / "key",
            sync="record",
        )
        self.world = World(folder)
        self.log = AuditLog(self.settings)
        self.door = Audited(self.world.gateway, self.log, "http")

    @property
    def records(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in lines_of(self.settings.folder)]

    @property
    def told(self) -> list[tuple[object, ...]]:
        """The verdict, the code and the rows of every record."""
        return [
            (each["verdict"], each.get("code"), each.get("rows"), each["principal"])
            for each in self.records
        ]

    def break_anchors(self) -> None:
        """Let nothing more be written."""
        self.settings.anchors.rename(self.settings.anchors.with_name("away"))
        self.settings.anchors.write_text("a file, and no folder")


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Audit]:
    audit = Audit(tmp_path)
    yield audit
    audit.log.close()
    audit.world.gateway.close()


def test_an_answer_is_allowed_before_its_first_row_and_ended_after_its_last(audit: Audit) -> None:
    answer = audit.door.fetch(audit.door.prepare(QUESTION, ADA))
    before = audit.told
    batches = list(answer.stream)
    answer.stream.close()

    assert before == [("allowed", None, None, "ada")]
    assert audit.told == [*before, ("ended", None, 1, "ada")]
    assert audit.records[1]["size_bytes"] == sum(each.nbytes for each in batches)
    assert [each["query"] for each in audit.records] == [answer.query_id] * 2


def test_an_answer_from_memory_has_one_record(audit: Audit) -> None:
    prepared = audit.door.prepare(QUESTION, ADA)
    list(audit.door.fetch(prepared).stream)
    kept = audit.door.kept(prepared, audit.door.key_of(prepared))

    assert kept is not None
    assert audit.told[2:] == [("allowed", None, 1, "ada")]
    assert audit.records[2]["answer"] == audit.records[0]["answer"]


def test_what_is_not_kept_is_no_decision(audit: Audit) -> None:
    assert audit.door.prepared_kept(QUESTION, ADA) is None
    assert audit.door.kept(audit.door.prepare(QUESTION, ADA)) is None
    assert audit.told == []


def test_a_refusal_is_written_with_its_code_and_no_word_of_the_question(audit: Audit) -> None:
    with pytest.raises(ForebayError):
        audit.door.prepare('{"metrics": ["secret"]}', ADA)

    assert audit.told == [("refused", "E_NAME_NOT_FOUND", None, "ada")]
    assert "secret" not in repr(audit.records)


def test_an_engine_that_fails_is_a_refusal(audit: Audit) -> None:
    prepared = audit.door.prepare(QUESTION, ADA)
    (audit.world.folder / "flights.parquet").unlink()
    with pytest.raises(EngineError):
        audit.door.fetch(prepared)

    assert audit.told == [("refused", "SL603", None, "ada")]


def test_an_answer_that_is_not_read_to_its_end_is_told_as_cancelled(audit: Audit) -> None:
    answer = audit.door.fetch(audit.door.prepare(BY_CARRIER, ADA))
    answer.stream.close()
    answer.stream.close()

    assert audit.told[1:] == [("ended", "SL702", 0, "ada")]


def test_tables_are_told_and_literals_are_not(audit: Audit) -> None:
    text = '{"metrics": ["n"], "where": ["carrier = \'Hidden\'"]}'
    list(audit.door.fetch(audit.door.prepare(text, ADA)).stream)
    first = audit.records[0]

    assert first["relations"] == ["flights"]
    assert (len(first["sql"]), len(first["answer"]), first["door"]) == (32, 32, "http")
    assert first["version"] == audit.world.gateway.snapshot.version
    assert "Hidden" not in repr(audit.records)


def test_a_select_of_a_model_is_told_by_its_digest(audit: Audit) -> None:
    prepared = audit.door.prepare(QUESTION, ADA)
    texts = ("with a as (select 'Hidden') from a", "SELECT 'Hidden' AS x", "shop.orders")
    physical = replace(prepared.physical, relations=texts)
    record = audit.door._record(replace(prepared, physical=physical), "allowed")

    assert [each.partition(" ")[0] for each in record.relations] == ["select", "select", texts[2]]
    assert "Hidden" not in repr(record)


def test_nothing_is_answered_that_cannot_be_written(audit: Audit) -> None:
    prepared = audit.door.prepare(QUESTION, ADA)
    list(audit.world.gateway.fetch(prepared).stream)
    audit.break_anchors()

    with pytest.raises(AuditFailed):
        audit.door.fetch(audit.door.prepare(BY_CARRIER, ADA))
    with pytest.raises(AuditFailed):
        audit.door.kept(prepared)
    with pytest.raises(AuditFailed):
        audit.door.prepare("{}", ADA)
    running = audit.world.gateway.execution
    assert running.kept(audit.door.key_of(prepared)) is not None


def test_an_end_that_cannot_be_written_is_no_whole_answer(audit: Audit) -> None:
    answer = audit.door.fetch(audit.door.prepare(QUESTION, ADA))
    audit.break_anchors()

    with pytest.raises(AuditFailed):
        list(answer.stream)
    answer.stream.close()


def test_a_door_tells_what_its_gateway_does(audit: Audit) -> None:
    door, gateway = audit.door, audit.world.gateway
    answer = door.fetch(door.prepare(QUESTION, ADA))
    answer.stream.close()

    assert door.snapshot is gateway.snapshot
    assert door.engines is gateway.engines
    assert door.settings is gateway.settings
    assert door.outdated is gateway.outdated
    proof = gateway.proof_of(answer.query_id, ADA)
    assert proof is not None
    assert door.proof_of(answer.query_id, ADA) == proof
    assert door.proof_of(answer.query_id, Principal("bo")) is None
    assert answer.stream.schema == answer.prepared.schema
