"""The application: every route, and what all of them refuse."""

from __future__ import annotations

import asyncio
import logging

import pyarrow as pa
import pytest
from starlette.routing import Route
from starlette.types import Message

from auth.principal import Principal
from gateway.http_api.app import create_app
from gateway.http_api.openapi import openapi_document
from tests.support.identities import EVERYBODY
from tests.unit.gateway.http_api.fakes import (
    ScriptedGateway,
    ScriptedStream,
    client_of,
    gateway_keeping,
    gateway_of,
    prepared,
)

BATCH = pa.record_batch({"n": [1, 2]})
ROUTES = create_app(gateway_of(BATCH), identity=EVERYBODY).routes


def path_of(route: Route) -> str:
    return route.path.replace("{query_id}", "ab-1")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: str(route.path))
def test_every_route_is_for_this_machine_alone(route: Route) -> None:
    response = client_of(gateway_of(BATCH)).get(path_of(route), headers={"host": "evil.example"})

    assert (response.status_code, response.json()["code"]) == (421, "SL709")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: str(route.path))
def test_every_route_refuses_methods_that_it_does_not_take(route: Route) -> None:
    response = client_of(gateway_of(BATCH)).request("DELETE", path_of(route))

    assert (response.status_code, response.json()["code"]) == (405, "SL706")
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: str(route.path))
def test_every_route_is_described(route: Route) -> None:
    assert route.path in openapi_document()["paths"]  # type: ignore[operator]


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/query/", "/api/v1", "/healthz/x", "/%00"])
def test_other_paths_are_coded_problems(path: str) -> None:
    response = client_of(gateway_of(BATCH)).get(path)

    assert (response.status_code, response.json()["code"]) == (404, "SL705")
    assert response.headers["content-type"] == "application/problem+json"


def test_the_index_links_to_every_route_without_parameters() -> None:
    response = client_of(gateway_of(BATCH)).get("/")

    assert response.json() == {
        "name": "shop",
        "catalog_version": "v1",
        "links": [
            "/api/v1/query",
            "/",
            "/api/v1/catalog",
            "/api/v1/compile",
            "/healthz",
            "/readyz",
            "/openapi.json",
        ],
    }


def test_the_description_is_served_as_it_is() -> None:
    assert client_of(gateway_of(BATCH)).get("/openapi.json").json() == openapi_document()


def test_a_bug_in_any_route_is_told_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(ScriptedGateway):
        def proof_of(self, query_id: str, principal: Principal) -> None:
            raise ValueError("secret")

    client = client_of(Broken(prepared({}), ScriptedStream([])))

    with caplog.at_level(logging.ERROR):
        response = client.get("/api/v1/queries/ab-1/proof")

    assert (response.status_code, response.json()["code"]) == (500, "SL900")
    assert "secret" not in response.text
    assert "secret" in caplog.text


@pytest.mark.parametrize("begun", [False, True])
def test_a_request_that_the_stop_cuts_off_is_told_so(*, begun: bool) -> None:
    """The server cancels what its drain did not end; what has begun can only be cut off."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        if begun:
            raise RuntimeError("the answer has begun")
        sent.append(message)

    async def stop() -> None:
        async def receive() -> Message:
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/v1/query",
            "headers": [(b"host", b"localhost")],
        }
        app = create_app(gateway_keeping(BATCH), identity=EVERYBODY)
        task = asyncio.create_task(app(scope, receive, send))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    asyncio.run(stop())

    assert [each.get("status") for each in sent] == ([] if begun else [503, None])
    assert begun or b'"code":"SL710"' in sent[1]["body"]
