"""``forebay validate``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from gateway.cli.options import project_option


@click.command("validate")
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text")
@project_option
def command(project: Path, format_: str) -> None:
    """Check a project and show every fault at its place."""
    import orjson

    from gateway.cli.failures import document, tell
    from gateway.project import find_project, load_project
    from semantic_models.errors import FaultyProject

    started_s = time.perf_counter()
    try:
        loaded = load_project(find_project(project))
    except FaultyProject as error:
        if format_ == "json":
            click.echo(orjson.dumps({"faults": [document(each) for each in error.faults]}))
        else:
            tell(error)
        raise click.exceptions.Exit(1) from None
    catalog = loaded.snapshot.catalog
    loaded.close()
    if format_ == "json":
        click.echo(orjson.dumps({"faults": [], "version": catalog.version}))
        return
    members = sum(len(model.dimensions) for model in catalog.models.values())
    metrics = sum(1 for name in catalog.metrics if "." not in name)
    elapsed_ms = (time.perf_counter() - started_s) * 1000
    click.echo(
        f"{catalog.name}: {len(catalog.models)} models, {members} dimensions, {metrics} metrics; "
        f"no faults ({elapsed_ms:.0f} ms)"
    )
