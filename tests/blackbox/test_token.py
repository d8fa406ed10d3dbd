"""Keys by the command line, and the server that knows them."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.blackbox.processes import numbers, ready, run, started

AUTH = """\
attributes: {region: {type: string, list: true}, level: integer, since: date}
auth: {state: .forebay/keys.json, pepper: .forebay/pepper}
"""


@pytest.fixture
def project(tmp_path: Path) -> str:
    root = numbers(tmp_path) / "forebay.yml"
    root.write_text(root.read_text() + AUTH)
    return str(tmp_path)


def create(project: str, *arguments: str) -> tuple[str, str]:
    """A new key, and what is told of it."""
    done = run("token", "create", *arguments, "-p", project)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip(), done.stderr.decode().strip()


def listed(project: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        run("token", "list", "-f", "json", "-p", project).stdout
    )
    return found


def test_a_key_is_shown_once_and_listed_without_its_secret(project: str) -> None:
    key, told = create(project, "ada", "--role", "analyst", "--role", "boss", "--expires", "12h")
    key_id = key.split("_")[1]
    [row] = listed(project)
    table = run("token", "list", "-p", project).stdout.decode()

    assert told == f"key {key_id} of ada; it is not shown again"
    assert (row["id"], row["name"], row["roles"]) == (key_id, "ada", ["analyst", "boss"])
    assert (row["state"], row["last_used"]) == ("live", "never")
    assert table.startswith(f"{key_id}  ada  analyst,boss  live  expires ")
    assert not any(key.split("_")[2] in each for each in (told, table, str(row)))


def test_attributes_are_those_that_the_project_declares(project: str) -> None:
    attributes = ("region=eu,us", "level=3", "since=2026-01-31")
    create(project, "ada", *(part for each in attributes for part in ("--attr", each)))
    held = json.loads(Path(project, ".forebay", "keys.json").read_bytes())

    assert held["keys"][0]["attributes"] == {
        "region": ["eu", "us"],
        "level": 3,
        "since": "2026-01-31",
    }


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--attr", "tenant=acme"), 1, 'attribute "tenant" does not exist'),
        (("--attr", "level=high"), 2, '"high" is no value of attribute "level"'),
        (("--attr", "level"), 2, '"level" is no attribute; write NAME=VALUE'),
        (("--expires", "soon"), 2, '"soon" is no length of time'),
        (("--expires", "0d"), 2, '"0d" is no length of time'),
    ],
)
def test_a_key_that_would_not_mean_what_is_said_is_refused(
    project: str, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = run("token", "create", "ada", *arguments, "-p", project)

    assert (done.returncode, done.stdout, told in done.stderr.decode()) == (code, b"", True)
    assert listed(project) == []


def test_a_project_that_keeps_no_keys_says_how_to(tmp_path: Path) -> None:
    done = run("token", "create", "ada", "-p", str(numbers(tmp_path)))

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"the project keeps no keys" in done.stderr


def test_a_lost_pepper_is_not_made_anew_beside_keys_of_another(project: str) -> None:
    create(project, "ada")
    Path(project, ".forebay", "pepper").unlink()
    done = run("token", "create", "bob", "-p", project)

    assert (done.returncode, b"there is no pepper" in done.stderr) == (1, True)


def test_a_server_answers_a_key_until_it_is_revoked(project: str) -> None:
    key, _ = create(project, "ada")
    headers = {"authorization": f"Bearer {key}"}
    with started("serve", "-p", project, "--port", "0", "--flight-port", "0") as process:
        url = f"{ready(process)['url']}/api/v1/query"
        codes = [
            httpx.post(url, json={"metrics": ["total"]}, headers=each).status_code
            for each in (headers, {}, headers)
        ]
        revoked = run("token", "revoke", key.split("_")[1], "-p", project)
        codes.append(httpx.post(url, json={"metrics": ["total"]}, headers=headers).status_code)

    assert (codes, revoked.returncode) == ([200, 401, 200, 401], 0)


def test_a_server_that_could_ask_nobody_says_what_to_do(tmp_path: Path) -> None:
    done = run("serve", "-p", str(numbers(tmp_path)), "--port", "0", "--flight-port", "0")

    assert (done.returncode, done.stdout, done.stderr.decode()) == (
        1,
        b"",
        "error[SL204]: nobody could prove who they are: the project has no credentials\n"
        '  = help: Write "auth" into forebay.yml, or serve everybody on this machine with '
        "--anonymous.\n",
    )
