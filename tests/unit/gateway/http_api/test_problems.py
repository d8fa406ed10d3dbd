"""Errors as problem details."""

from __future__ import annotations

import logging

import orjson
import pytest

from gateway.errors import InternalError, Overloaded
from gateway.http_api.problems import guarded, problem_of
from semantic_models.errors import (
    FaultyProject,
    MalformedDocument,
    NameCollision,
    Position,
    UnknownName,
)


def test_a_problem_has_every_part_of_its_error() -> None:
    error = UnknownName(
        'metric "flihgts" does not exist',
        detail="It is asked for in this query.",
        hint='Perhaps "flights" is meant.',
        position=Position("where[0]", 1, 5),
    )

    problem = problem_of(error)

    document = orjson.loads(problem.body)
    assert document.pop("instance").startswith("urn:forebay:refusal:")
    assert (problem.status, document) == (
        422,
        {
            "type": "urn:forebay:error:E_NAME_NOT_FOUND",
            "title": "Unknown name",
            "status": 422,
            "detail": 'Metric "flihgts" does not exist. It is asked for in this query.',
            "code": "E_NAME_NOT_FOUND",
            "codes": ["E_NAME_NOT_FOUND"],
            "message": 'metric "flihgts" does not exist',
            "hint": 'Perhaps "flights" is meant.',
            "source": {"file": "where[0]", "line": 1, "column": 5},
        },
    )


def test_a_problem_tells_every_code_of_a_faulty_project_once() -> None:
    name = UnknownName.of("metric", "x", [])
    clash = NameCollision("taken", also=("E_RESERVED_NAME",))

    document = orjson.loads(problem_of(FaultyProject([name, clash, name])).body)

    assert (document["code"], document["codes"]) == (
        "SL203",
        ["SL203", "E_NAME_NOT_FOUND", "E_NAME_COLLISION", "E_RESERVED_NAME"],
    )


def test_a_problem_is_never_kept_and_tells_its_length() -> None:
    problem = problem_of(MalformedDocument("the body is empty"), headers={"connection": "close"})

    assert dict(problem.headers) == {
        b"content-type": b"application/problem+json",
        b"content-length": str(len(problem.body)).encode(),
        b"cache-control": b"no-store",
        b"x-content-type-options": b"nosniff",
        b"connection": b"close",
    }


def test_a_problem_without_a_position_has_no_source() -> None:
    assert "source" not in orjson.loads(problem_of(MalformedDocument("no")).body)


def test_overload_says_when_to_come_back() -> None:
    assert dict(problem_of(Overloaded("too many queries")).headers)[b"retry-after"] == b"1"


def test_a_problem_takes_members_of_its_own() -> None:
    problem = problem_of(MalformedDocument("no"), extra={"engines": {"local": "ok"}})

    assert orjson.loads(problem.body)["engines"] == {"local": "ok"}


def test_work_without_failure_gives_its_result() -> None:
    assert guarded(divmod, 7, 2) == (3, 1)


def test_a_coded_error_passes_the_guard_as_it_is() -> None:
    error = MalformedDocument("no")

    def refuse() -> None:
        raise error

    with pytest.raises(MalformedDocument) as refusal:
        guarded(refuse)

    assert refusal.value is error


def test_of_a_bug_only_the_log_tells(caplog: pytest.LogCaptureFixture) -> None:
    def break_down() -> None:
        raise ValueError("secret /srv/data.db")

    with caplog.at_level(logging.ERROR), pytest.raises(InternalError) as refusal:
        guarded(break_down)

    told = orjson.dumps([refusal.value.message, refusal.value.detail, refusal.value.hint])
    incident = caplog.records[0].getMessage().rpartition(" ")[2]
    assert b"secret" not in told
    assert incident in refusal.value.detail
    assert "secret /srv/data.db" in caplog.text
