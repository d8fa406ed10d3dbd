"""Examples of the documentation that ask a server, asked of one."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/reference/flight-sql.md")


def example(page: str, pattern: str) -> str:
    """The one example of a page that matches."""
    (found,) = re.findall(pattern, (ROOT / page).read_text(encoding="utf-8"), re.M | re.S)
    return str(found)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_python_over_flight_sql(page: str, flight_url: str) -> None:
    told = example(page, r"^```python\n(.*?)^```")
    done = subprocess.run(
        [sys.executable, "-c", told.replace("grpc://127.0.0.1:8815", flight_url)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pyarrow.Table\ncarrier__name: string\nflights: int64\n")


def test_curl_over_http(http_url: str) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("this machine has no curl")
    _, *arguments = shlex.split(example("README.md", r"^(curl .*?)$"))
    address = http_url.removeprefix("http://")
    done = subprocess.run(
        [curl, *(each.replace("localhost:8080", address) for each in arguments)],
        capture_output=True,
        timeout=60,
        check=False,
    )

    rows = json.loads(done.stdout)["data"]
    assert {row["origin"]: row["flights"] for row in rows} == {
        "EWR": 120_835,
        "JFK": 111_279,
        "LGA": 104_662,
    }
