"""A server as a process: it says when it is ready, serves on, and ends when it is told to."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import httpx
import pytest

from tests.blackbox.processes import numbers, ready, run, started

FREE = ("--port", "0", "--flight-port", "0")
ENDS_S = 10


def asked(url: str, metric: str = "total") -> tuple[int, object]:
    """The status, and the rows or the code of a refusal."""
    response = httpx.post(f"{url}/api/v1/query", json={"metrics": [metric]}, timeout=30)
    document = response.json()
    return response.status_code, document.get("data", document.get("code"))


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_signal_ends_the_server(number: signal.Signals, tmp_path: Path) -> None:
    with started("serve", "--anonymous", "-p", str(numbers(tmp_path)), *FREE) as process:
        at = ready(process)
        answer = asked(at["url"])
        begun_s = time.monotonic()
        process.send_signal(number)
        output, told = process.communicate(timeout=30)
        elapsed_s = time.monotonic() - begun_s

    assert answer == (200, [{"total": 7}])
    assert (process.returncode, output, b"Traceback" in told) == (0, b"", False)
    assert told.decode().endswith("stopping; answers that are under way may end\n")
    assert elapsed_s < ENDS_S


def test_data_that_disappears_is_told_and_the_server_recovers(tmp_path: Path) -> None:
    data = numbers(tmp_path) / "data" / "numbers.parquet"
    with started("serve", "--anonymous", "-p", str(tmp_path), *FREE) as process:
        url = ready(process)["url"]
        before = asked(url)
        data.rename(data.with_suffix(".away"))
        meanwhile = [asked(url), asked(url, "nothing")]
        ready_status = httpx.get(f"{url}/readyz", timeout=30).status_code
        data.with_suffix(".away").rename(data)
        afterwards = asked(url)

    assert before == (200, [{"total": 7}])
    assert (meanwhile, ready_status) == ([(503, "SL603"), (422, "E_NAME_NOT_FOUND")], 503)
    assert afterwards == (200, [{"total": 7}])


@pytest.mark.parametrize(
    "option", [pytest.param("--port", marks=pytest.mark.slow), "--flight-port"]
)
def test_a_taken_port_is_refused(option: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("serve", "--anonymous", "-p", str(numbers(tmp_path)), *FREE, option, port)

    told = done.stderr.decode()
    assert (done.returncode, done.stdout) == (1, b"")
    what = {"--port": "HTTP", "--flight-port": "Flight SQL"}[option]
    assert told == (
        f"error[SL204]: the {what} port {port} is taken\n"
        f"  = help: Name a free one with {option}, or 0 for any; another server may be running.\n"
    )


def test_two_servers_do_not_share_a_flight_port(tmp_path: Path) -> None:
    with started("serve", "--anonymous", "-p", str(numbers(tmp_path)), *FREE) as process:
        port = ready(process)["flight"].rpartition(":")[2]
        done = run("serve", "--anonymous", "-p", str(tmp_path), *FREE, "--flight-port", port)

    assert (done.returncode, done.stderr.decode().splitlines()[0]) == (
        1,
        f"error[SL204]: the Flight SQL port {port} is taken",
    )


def test_a_server_that_stops_is_ready_no_more_before_it_takes_no_questions(tmp_path: Path) -> None:
    project = str(numbers(tmp_path))
    with started("serve", "--anonymous", "-p", project, *FREE, "--grace", "3") as process:
        url = ready(process)["url"]
        assert process.stderr is not None
        before = httpx.get(f"{url}/readyz").status_code
        process.send_signal(signal.SIGTERM)
        process.stderr.readline()
        refused = httpx.get(f"{url}/readyz")
        while refused.status_code == 200:
            refused = httpx.get(f"{url}/readyz")
        answer = asked(url)
        status = process.wait(timeout=30)

    assert (before, refused.status_code, refused.json()["code"]) == (200, 503, "SL710")
    assert (answer, status) == ((200, [{"total": 7}]), 0)


def test_data_that_changes_under_an_answer_is_logged_in_no_one_elses_words(tmp_path: Path) -> None:
    data = numbers(tmp_path) / "data" / "numbers.parquet"
    with started("serve", "--anonymous", "-p", str(tmp_path), *FREE, "--verbose") as process:
        url = ready(process)["url"]
        duckdb.execute(f"copy (select i::int as n from range(3000000) t(i)) to '{data}'")
        rows = {"fields": ["n"], "from": "numbers"}
        with httpx.stream("POST", f"{url}/api/v1/query", json=rows, timeout=30) as response:
            pieces = response.iter_raw()
            next(pieces)
            duckdb.execute(f"copy (select 1 as n) to '{data}.new'")
            data.with_name("numbers.parquet.new").replace(data)
            with pytest.raises(httpx.RemoteProtocolError):
                list(pieces)
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=30)[1].decode().splitlines()

    assert [line for line in told if " INFO forebay.queries: query {" in line and "SL605" in line]
    assert [line for line in told if "INFO forebay.queries" not in line] == [
        "stopping; answers that are under way may end"
    ]


def test_a_changed_model_is_served_and_a_broken_one_is_not(tmp_path: Path) -> None:
    file = numbers(tmp_path) / "models" / "numbers.yml"
    with started("serve", "--anonymous", "-p", str(tmp_path), *FREE, "--reload", "0.05") as process:
        url = ready(process)["url"]
        before = asked(url)
        file.write_text(file.read_text().replace("sum(n)", "max(n)"))
        while (changed := asked(url)) == before:
            pass
        file.write_text(file.read_text().replace("max(n)", "max(m)"))
        while "project" not in (state := httpx.get(f"{url}/readyz", timeout=30).json()):
            pass
        broken = asked(url)

    assert (before, changed, broken) == (
        (200, [{"total": 7}]),
        (200, [{"total": 4}]),
        (200, [{"total": 4}]),
    )
    assert (state["status"], state["project"]["code"]) == ("ready", "SL203")


def test_an_open_host_is_refused(tmp_path: Path) -> None:
    done = run("serve", "--anonymous", "-p", str(numbers(tmp_path)), *FREE, "--host", "0.0.0.0")  # noqa: S104

    assert (done.returncode, done.stdout, done.stderr.decode()) == (
        1,
        b"",
        'error[SL204]: host "0.0.0.0" is not a loopback address\n'
        "  = note: With --anonymous, whoever reaches a port may ask.\n"
        "  = help: Leave out one of --host and --anonymous.\n",
    )


DRAINS = """
import signal, threading
from gateway.compose import wait_for_signal

def tell():
    while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        pass
    print("waits", flush=True)

threading.Thread(target=tell).start()
wait_for_signal()
print("drains", flush=True)
threading.Event().wait(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_a_server_that_still_drains(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", DRAINS], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        seen = [process.stdout.readline()]
        process.send_signal(signal.SIGTERM)
        seen.append(process.stdout.readline())
        process.send_signal(number)
        status = process.wait(timeout=30)

    assert (seen, status) == ([b"waits\n", b"drains\n"], 128 + number)
