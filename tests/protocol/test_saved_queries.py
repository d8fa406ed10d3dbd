"""A saved query as clients ask for it: over HTTP and over Flight SQL."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import httpx
import pytest
from adbc_driver_flightsql import dbapi

from gateway.compose import Server
from tests.support.demo_questions import DEMO
from tests.support.server import running

SAVED = """
version: 1
saved_queries:
  busiest:
    metrics: [flights]
    dimensions: [origin]
    where: [carrier.name like 'A%']
    order_by: [-flights]
"""
NARROWED = {"saved_query": "busiest", "where": ["origin != 'LGA'"], "having": ["flights > 4000"]}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("saved")
    shutil.copytree(DEMO, folder / "p")
    (folder / "p" / "models" / "saved.yml").write_text(SAVED)
    with running(folder / "types", folder / "p") as server:
        yield server


def test_over_http_it_is_asked_narrowed_and_refused(served: Server) -> None:
    with httpx.Client(base_url=served.http_url) as client:
        catalog = client.get("/api/v1/catalog").json()
        answer = client.post("/api/v1/query", json=NARROWED).json()
        refused = client.post("/api/v1/query", json={"saved_query": "busyest"})

    assert [each["name"] for each in catalog["saved_queries"]] == ["busiest"]
    assert answer["data"] == [
        {"origin": "JFK", "flights": 13783},
        {"origin": "EWR", "flights": 4201},
    ]
    assert (refused.status_code, refused.json()["code"]) == (422, "E_NAME_NOT_FOUND")
    assert refused.json()["hint"] == 'Perhaps "busiest" is meant.'


def test_over_flight_it_is_asked_narrowed_and_refused(served: Server) -> None:
    with (
        dbapi.connect(served.flight_url, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(json.dumps(NARROWED))
        answer = cursor.fetch_arrow_table()
        with pytest.raises(dbapi.Error, match="busiest") as refused:
            cursor.execute('{"saved_query": "busyest"}')

    assert answer.to_pylist() == [
        {"origin": "JFK", "flights": 13783},
        {"origin": "EWR", "flights": 4201},
    ]
    assert "E_NAME_NOT_FOUND" in str(refused.value)
