"""A hierarchy as clients see it and ask by it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import httpx
import pytest

from gateway.compose import Server
from tests.support.demo_questions import DEMO
from tests.support.server import running

HEAD = "    dimensions:\n"
ROUTE = (
    f"{HEAD}      route: {{hierarchy: [origin, carrier.name], description: Where and by whom}}\n"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("levels")
    shutil.copytree(DEMO, folder / "p")
    models = folder / "p" / "models" / "flights.yml"
    models.write_text(models.read_text().replace(HEAD, ROUTE, 1))
    with running(folder / "types", folder / "p") as server:
        yield server


def test_over_http_it_is_listed_and_asked_for(served: Server) -> None:
    question = {
        "metrics": ["flights"],
        "dimensions": ["route"],
        "order_by": ["route"],
        "limit": 1,
    }
    with httpx.Client(base_url=served.http_url) as client:
        models = client.get("/api/v1/catalog").json()["models"]
        answer = client.post("/api/v1/query", json=question).json()

    [flights] = [each for each in models if each["name"] == "flights"]
    assert flights["hierarchies"] == [
        {"name": "route", "description": "Where and by whom", "levels": ["origin", "carrier.name"]}
    ]
    assert answer["data"] == [
        {"origin": "EWR", "carrier__name": "Alaska Airlines Inc.", "flights": 714}
    ]
