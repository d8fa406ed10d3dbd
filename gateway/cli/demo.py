"""``forebay demo``."""

from __future__ import annotations

import importlib.resources
import urllib.request
from pathlib import Path
from typing import Any

import click

from gateway.cli.options import port_options


@click.command("demo")
@click.option("--once", is_flag=True, help="Ask the questions and stop, on free ports.")
@port_options
def command(once: bool, port: int, flight_port: int) -> None:  # noqa: FBT001
    """Serve the sample project of New York's flights and ask it ten questions."""
    from gateway.cli.serve import announce, leave, serve_on
    from gateway.compose import serving
    from gateway.settings import Settings

    port, flight_port = (0, 0) if once else (port, flight_port)
    settings = Settings(
        project=demo_folder(), http_port=port, flight_port=flight_port, anonymous=True
    )
    with serving(settings) as server:
        announce(server)
        _ask(server)
        if not once:
            click.echo("serving the demo; Ctrl-C stops it", err=True)
            serve_on()
    leave(server)


def demo_folder() -> Path:
    """Where the sample project lies."""
    return Path(str(importlib.resources.files("semantic_models.examples") / "flights"))


def _ask(server: Any) -> None:
    import orjson

    from gateway.cli.tables import table_text

    questions = orjson.loads((demo_folder() / "questions.json").read_bytes())
    for number, each in enumerate(questions, 1):
        click.echo(f"\n{number}. {each['name']}")
        click.echo(f"   {orjson.dumps(each['query']).decode()}")
        over_http = ask_http(server.http_url, each["query"])
        click.echo(table_text(over_http.slice(0, 6), over_http.num_rows))
        text = each.get("sql") or orjson.dumps(each["query"]).decode()
        over_flight = ask_flight(server.flight_url, text)
        if over_flight is not None:
            click.echo(f"   Flight SQL gives {over_flight.num_rows:,} rows too")


def ask_http(url: str, query: object) -> Any:
    """The answer over HTTP as an Arrow table."""
    import orjson
    import pyarrow as pa

    request = urllib.request.Request(  # noqa: S310 - an address of our own
        f"{url}/api/v1/query",
        data=orjson.dumps(query),
        headers={
            "Content-Type": "application/json",
            "Accept": "application/vnd.apache.arrow.stream",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
        return pa.ipc.open_stream(response.read()).read_all()


def ask_flight(url: str, text: str) -> Any:
    """The answer over Flight SQL, where the ADBC driver is installed."""
    try:
        from adbc_driver_flightsql import dbapi
    except ImportError:
        return None
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetch_arrow_table()
