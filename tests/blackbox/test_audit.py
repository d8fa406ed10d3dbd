"""A server that writes its decisions down, and the commands that read them."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import orjson
import pytest
from adbc_driver_flightsql import dbapi

from tests.blackbox.processes import numbers, ready, run, started

FREE = ("--port", "0", "--flight-port", "0", "--anonymous")


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """A folder with the records of a question on either port, and of one that was refused."""
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    where = ("--audit", "records", "--audit-anchors", "anchors", "--audit-key", "key")
    named = [str(tmp_path / each) if not each.startswith("--") else each for each in where]
    with started("serve", "-p", str(numbers(tmp_path)), *FREE, *named) as process:
        at = ready(process)
        for metric in ("total", "nothing"):
            httpx.post(f"{at['url']}/api/v1/query", json={"metrics": [metric]}, timeout=30)
        with dbapi.connect(at["flight"]) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT n, total FROM numbers")
            cursor.fetch_arrow_table()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    return tmp_path


def test_every_decision_of_a_server_is_written_down(served: Path) -> None:
    shown = run("audit", "show", str(served / "records"), "-f", "json").stdout.splitlines()
    told = [(each["door"], each["verdict"], each.get("rows")) for each in map(orjson.loads, shown)]

    assert told == [
        ("http", "allowed", None),
        ("http", "ended", 1),
        ("http", "refused", None),
        ("flight", "allowed", None),
        ("flight", "ended", 3),
    ]


def test_records_are_verified_and_those_that_are_changed_are_told(served: Path) -> None:
    where = (str(served / "records"), "--anchors", str(served / "anchors"))
    verified = run("audit", "verify", *where, "--key", str(served / "key"))
    [path] = (served / "records").iterdir()
    path.write_bytes(path.read_bytes().replace(b'"rows":3', b'"rows":2'))
    changed = run("audit", "verify", *where, "--key", str(served / "key"))

    assert (verified.returncode, verified.stdout.decode()) == (
        0,
        f"{path.name}: sound (5 records: 5 anchored, 0 not yet)\n",
    )
    assert (changed.returncode, changed.stdout.decode()) == (
        1,
        f"{path.name}: line 5 is not what was written (4 records: 5 anchored, 0 not yet)\n",
    )


def test_records_are_shown_by_principal_verdict_and_query(served: Path) -> None:
    refused = run("audit", "show", str(served / "records"), "--verdict", "refused").stdout
    nobody = run("audit", "show", str(served / "records"), "--principal", "nobody").stdout

    assert refused.decode().split("  ")[1:] == [
        "refused",
        "E_NAME_NOT_FOUND",
        "anonymous",
        "http\n",
    ]
    assert nobody == b""


def test_an_audit_is_wanted_whole_or_not_at_all(tmp_path: Path) -> None:
    done = run("serve", "-p", str(numbers(tmp_path)), *FREE, "--audit", str(tmp_path / "a"))

    assert done.returncode == 2
    assert b"--audit, --audit-anchors and --audit-key stand together" in done.stderr
