"""Catalog, compiled questions and proofs."""

from __future__ import annotations

import pyarrow as pa
import pytest

from gateway.catalog_document import catalog_document
from gateway.http_api.catalog_routes import holds
from gateway.http_api.ports import Limits
from semantic_models.errors import UnknownName
from tests.unit.gateway.http_api.fakes import (
    EMPTY_CATALOG,
    Client,
    client_of,
    gateway_of,
    gateway_refusing,
)

BATCH = pa.record_batch({"n": [1, 2]})
COMPILED = {
    "sql": "SELECT 1",
    "dialect": "duckdb",
    "columns": [{"name": "n", "role": "field", "type": "int64", "label": "", "format": ""}],
    "proof": {"homes": ["orders"]},
    "stages": {"parse": 0.5},
}


@pytest.fixture
def client() -> Client:
    return client_of(gateway_of(BATCH), limits=Limits(body_bytes_max=64))


def test_the_catalog_is_told_with_its_version(client: Client) -> None:
    response = client.get("/api/v1/catalog")

    assert response.json() == catalog_document(EMPTY_CATALOG)
    assert response.headers["etag"] == '"v1"'


def test_a_client_that_has_the_catalog_is_not_told_again(client: Client) -> None:
    response = client.get("/api/v1/catalog", headers={"if-none-match": '"v0", W/"v1"'})

    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", '"v1"')


@pytest.mark.parametrize(
    ("if_none_match", "known"),
    [
        ('"v1"', True),
        ('W/"v1"', True),
        ('"v0", "v1"', True),
        ("*", True),
        ('"v0"', False),
        ("", False),
    ],
)
def test_entity_tags_are_compared_weakly(if_none_match: str, *, known: bool) -> None:
    assert holds(if_none_match, '"v1"') is known


def test_a_question_is_compiled_from_a_body(client: Client) -> None:
    assert client.post("/api/v1/compile", json={"metrics": ["flights"]}).json() == COMPILED


def test_a_question_is_compiled_from_a_parameter(client: Client) -> None:
    assert client.get("/api/v1/compile", params={"q": "SELECT flights"}).json() == COMPILED


@pytest.mark.parametrize(
    ("request_with", "status", "code"),
    [
        ({"content": b"{" * 65}, 413, "SL106"),
        ({"content": b"[]"}, 400, "SL105"),
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415, "SL704"),
    ],
)
def test_a_body_that_is_no_question_is_not_compiled(
    client: Client, request_with: dict[str, object], status: int, code: str
) -> None:
    response = client.post("/api/v1/compile", **request_with)

    assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_refused_question_is_not_compiled() -> None:
    refusing = client_of(gateway_refusing(UnknownName('metric "x" does not exist')))

    response = refusing.get("/api/v1/compile", params={"q": "{}"})

    assert (response.status_code, response.json()["code"]) == (422, "E_NAME_NOT_FOUND")


def test_the_proof_of_an_answer_is_told_again(client: Client) -> None:
    assert client.get("/api/v1/queries/ab-1/proof").json() == {"homes": ["orders"]}


def test_there_is_no_proof_of_an_unknown_query(client: Client) -> None:
    response = client.get("/api/v1/queries/ab-9/proof")

    assert (response.status_code, response.json()["code"]) == (404, "SL707")
