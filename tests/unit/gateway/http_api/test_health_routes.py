"""Health and readiness."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import pytest

from gateway.engines.base import Engine
from gateway.errors import EngineGone
from gateway.http_api import health_routes
from semantic_models.errors import FaultyProject, UnknownName
from tests.unit.gateway.http_api.fakes import (
    Client,
    ScriptedGateway,
    ScriptedStream,
    client_of,
    prepared,
)


@dataclass(frozen=True)
class Checked:
    """As much of an engine as a probe asks."""

    check: Callable[[], object]


def client_over(**checks: Callable[[], object]) -> Client:
    engines = {name: cast(Engine, Checked(check)) for name, check in checks.items()}
    return client_of(ScriptedGateway(prepared({}), ScriptedStream([]), engines=engines))


def gone() -> None:
    raise EngineGone('engine "lake" does not answer')


def broken() -> None:
    raise ValueError("secret")


@contextmanager
def silent_engine() -> Iterator[Callable[[], object]]:
    released = threading.Event()
    try:
        yield released.wait
    finally:
        released.set()


def test_the_process_lives_whatever_its_engines_do() -> None:
    response = client_over(lake=gone).get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_it_is_ready_when_every_engine_answers() -> None:
    response = client_over(local=lambda: None, lake=lambda: None).get("/readyz")

    assert (response.status_code, response.json()) == (
        200,
        {"status": "ready", "engines": {"local": {"status": "ok"}, "lake": {"status": "ok"}}},
    )


def test_it_is_ready_and_says_why_changed_files_are_not_served() -> None:
    gateway = ScriptedGateway(prepared({}), ScriptedStream([]))
    gateway.outdated = FaultyProject([UnknownName("column m does not exist")])

    response = client_of(gateway).get("/readyz")

    assert (response.status_code, response.json()) == (
        200,
        {
            "status": "ready",
            "engines": {},
            "project": {
                "status": "outdated",
                "code": "SL203",
                "message": "the project has 1 fault",
                "detail": "The first is: column m does not exist.",
            },
        },
    )


def test_it_says_which_engine_does_not_answer() -> None:
    response = client_over(local=lambda: None, lake=gone).get("/readyz")

    told = response.json()
    assert (response.status_code, told["code"]) == (503, "SL603")
    assert told["message"] == 'engine "lake" does not answer'
    assert told["engines"] == {
        "local": {"status": "ok"},
        "lake": {"status": "failed", "code": "SL603", "message": 'engine "lake" does not answer'},
    }


def test_an_engine_that_breaks_is_told_without_its_text() -> None:
    response = client_over(lake=broken).get("/readyz")

    assert response.json()["engines"]["lake"]["code"] == "SL900"
    assert "secret" not in response.text


def test_a_silent_engine_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_routes, "CHECK_TIMEOUT_S", 0.01)

    with silent_engine() as silent:
        response = client_over(lake=silent).get("/readyz")

    assert response.json()["engines"]["lake"] == {
        "status": "failed",
        "code": "SL602",
        "message": "no answer within 0.01 seconds",
    }
