"""Who asks over HTTP: with a real server and httpx."""

from __future__ import annotations

import base64
import time

import httpx
import pytest

from gateway.http_api.app import PUBLIC_PATHS
from gateway.identity.key_store import Asked
from tests.protocol.identity.conftest import World
from tests.support.issuer import claims, rsa_key, token

TOTAL = {"metrics": ["total"]}


def ask(world: World, *credentials: str, path: str = "/api/v1/query") -> httpx.Response:
    """One question, with a header ``Authorization`` for each of the credentials."""
    headers = [("authorization", each) for each in credentials]
    if path == "/api/v1/query":
        return httpx.post(world.server.http_url + path, json=TOTAL, headers=headers)
    return httpx.get(world.server.http_url + path, headers=headers)


def bearer(text: str) -> str:
    return f"Bearer {text}"


def test_a_key_and_a_token_are_answered(world: World) -> None:
    answers = [ask(world, bearer(each)) for each in (world.ada, token(), world.ada)]

    assert [each.status_code for each in answers] == [200, 200, 200]
    assert [each.json()["data"] for each in answers] == [[{"total": 7}]] * 3
    assert {each.headers["vary"] for each in answers} == {"accept, authorization"}


WRONG = {
    "none": [],
    "empty": [""],
    "a word": ["anonymous"],
    "a key of nobody": [bearer("forebay_" + "0" * 12 + "_" + "0" * 49)],
    "another scheme": ["Digest x"],
    "expired": [bearer(token(claims(exp=7)))],
    "another key's": [bearer(token(key=rsa_key(2_048, 1)))],
    "a password": ["Basic " + base64.b64encode(b"ada:lovelace").decode()],
}


@pytest.mark.parametrize("name", WRONG)
def test_whoever_proves_nobody_is_told_the_same(world: World, name: str) -> None:
    told, other = ask(world, *WRONG[name]), ask(world)

    assert (told.status_code, told.headers["www-authenticate"]) == (401, 'Bearer realm="forebay"')
    for each in (told, other):
        each.headers.pop("date")
    bodies = [each.json() | {"instance": ""} for each in (told, other)]
    assert (bodies[0], told.headers) == (bodies[1], other.headers)
    assert bodies[0]["code"] == "SL401"


def test_a_key_as_a_password_is_not_taken_here(world: World) -> None:
    password = base64.b64encode(f"token:{world.ada}".encode()).decode()

    assert ask(world, f"Basic {password}").status_code == 401


def test_two_different_headers_are_refused_and_two_alike_are_one(world: World) -> None:
    ada, bob = bearer(world.ada), bearer(world.bob)

    codes = [ask(world, *each).status_code for each in ((ada, bob), (bob, ada), (ada, ada))]

    assert codes == [401, 401, 200]


def test_every_path_asks_who_asks_but_those_of_orchestrators(world: World) -> None:
    paths = [route.path for route in world.server.app.routes]
    paths += ["/nothing", "/api/v1/query/", "//healthz", "/healthz/", "/HEALTHZ", "/healthz%2f.."]

    told = {path: ask(world, path=path.replace("{query_id}", "x")).status_code for path in paths}

    assert {path for path, code in told.items() if code != 401} == set(PUBLIC_PATHS)
    assert len(told) > 10


def test_orchestrators_are_told_nothing_of_the_project(world: World) -> None:
    assert ask(world, path="/readyz").json() == {"status": "ready"}


def test_a_proof_is_told_to_whoever_asked_alone(world: World) -> None:
    answer = ask(world, bearer(world.ada))
    path = answer.headers["forebay-proof-url"]
    own, others = ask(world, bearer(world.ada), path=path), ask(world, bearer(world.bob), path=path)
    nothing = ask(world, bearer(world.bob), path="/api/v1/queries/nothing/proof")

    assert (own.status_code, others.status_code, nothing.status_code) == (200, 404, 404)
    told = [each.json() | {"instance": ""} for each in (others, nothing)]
    assert told[0] == told[1]


def test_a_kept_answer_is_no_way_around_identity(world: World) -> None:
    first = ask(world, bearer(world.ada)), ask(world, bearer(world.ada))

    assert first[1].headers["forebay-cache"] == "hit"
    assert ask(world).status_code == 401


def test_a_revoked_key_is_refused_at_once(world: World) -> None:
    made = world.keys.create(Asked(name="eve"))
    before = [ask(world, bearer(made.text)).status_code for _ in range(2)]
    world.keys.revoke(made.id)

    assert (before, ask(world, bearer(made.text)).status_code) == ([200, 200], 401)


def test_an_expired_key_is_refused_at_its_second(world: World) -> None:
    made = world.keys.create(Asked(name="eve", lasts_s=2))
    deadline = time.monotonic() + 10
    codes = [ask(world, bearer(made.text)).status_code]
    while codes[-1] == 200 and time.monotonic() < deadline:
        codes.append(ask(world, bearer(made.text)).status_code)

    assert (codes[0], codes[-1]) == (200, 401)
    assert time.monotonic() < deadline


def test_who_asks_is_told_by_the_memo_apart(world: World) -> None:
    """The negative control of prepared questions: one principal's is not another's."""
    prepared = [
        world.server.gateway.prepare(
            '{"metrics": ["total"]}', world.server.identity.identify([bearer(each).encode()])
        )
        for each in (world.ada, world.bob, world.ada)
    ]

    assert [each.principal.name for each in prepared] == ["ada", "bob", "ada"]
    assert prepared[0] is prepared[2]
