"""``forebay serve``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from gateway.cli.options import project_option


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="HTTP; 0 is any free one.",
)
@click.option(
    "--flight-port",
    default=8815,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Flight SQL; 0 is any free one.",
)
@click.option(
    "--timeout",
    "timeout_s",
    default=120.0,
    show_default=True,
    type=click.FloatRange(min=0.1),
    help="Seconds one query may run.",
)
@click.option("--verbose", is_flag=True, help="Log a line a query.")
@project_option
def command(project: Path, verbose: bool, port: int, **options: Any) -> None:  # noqa: FBT001
    """Serve a project over HTTP and Arrow Flight SQL until interrupted."""
    import logging

    from gateway.compose import serving, wait_for_signal
    from gateway.project import find_project
    from gateway.settings import Settings

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    settings = Settings(project=find_project(project), http_port=port, **options)
    with serving(settings) as server:
        announce(server)
        wait_for_signal()
        click.echo("stopping; answers that are under way may end", err=True)
    if not server.is_drained:
        leave_at_once()


def leave_at_once() -> None:
    """End the process although a client holds an answer that it does not read.

    pyarrow would wait for that client for ever.
    """
    import os

    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def announce(server: Any) -> None:
    """Tell where the server listens, and one line for scripts."""
    click.echo(f"HTTP       {server.http_url}/api/v1/query", err=True)
    click.echo(f"Flight SQL {server.flight_url}", err=True)
    click.echo(f"FOREBAY_READY url={server.http_url} flight={server.flight_url} errors=0", err=True)
