"""``forebay serve``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from gateway.cli.options import (
    audit_options,
    check_keys_option,
    mtls_port_option,
    port_options,
    project_option,
    tls_option,
)


@click.command("serve")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="An address; another than the loopback needs TLS and credentials.",
)
@port_options
@mtls_port_option
@click.option(
    "--anonymous",
    is_flag=True,
    help="Answer on the loopback without credentials, with the role demo.",
)
@tls_option("--tls-cert", "A certificate with its chain, as PEM, for all ports.")
@tls_option("--tls-key", "Its key, as PEM.")
@click.option(
    "--timeout",
    "timeout_s",
    default=120.0,
    show_default=True,
    type=click.FloatRange(min=0.1),
    help="Seconds one query may run.",
)
@click.option(
    "--grace",
    "grace_s",
    default=0.0,
    show_default=True,
    type=click.FloatRange(min=0.0),
    help="Seconds that questions are still taken when told to stop, while /readyz says so.",
)
@click.option(
    "--reload",
    "reload_s",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0.0),
    help="Seconds between looks at the project's files, served anew when they change; 0 is never.",
)
@check_keys_option
@audit_options
@click.option("--verbose", is_flag=True, help="Log a line a query.")
@project_option
def command(project: Path, verbose: bool, port: int, **options: Any) -> None:  # noqa: FBT001
    """Serve a project over HTTP and Arrow Flight SQL until interrupted."""
    import logging

    from gateway.cli.options import audit_of
    from gateway.compose import serving
    from gateway.project import find_project
    from gateway.settings import Settings

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    audit = audit_of(options)
    settings = Settings(project=find_project(project), http_port=port, audit=audit, **options)
    with serving(settings) as server:
        announce(server)
        serve_on()
    leave(server)


def serve_on() -> None:
    """Serve until a signal asks to stop."""
    from gateway.compose import wait_for_signal

    wait_for_signal()
    click.echo("stopping; answers that are under way may end", err=True)


def leave(server: Any) -> None:
    """End the process, although a client may hold an answer that it does not read.

    pyarrow would wait for that client for ever.
    """
    import os

    if server.is_drained:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def announce(server: Any) -> None:
    """Tell where the server listens, and one line for scripts."""
    click.echo(f"HTTP       {server.http_url}/api/v1/query", err=True)
    click.echo(f"Flight SQL {server.flight_url}", err=True)
    ready = f"FOREBAY_READY url={server.http_url} flight={server.flight_url}"
    if server.flight_mtls_url:
        click.echo(f"Flight SQL {server.flight_mtls_url} (client certificates)", err=True)
        ready += f" flight_mtls={server.flight_mtls_url}"
    click.echo(f"{ready} errors=0", err=True)
