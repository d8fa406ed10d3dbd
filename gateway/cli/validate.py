"""``forebay validate``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import project_option

if TYPE_CHECKING:
    from gateway.project import Project
    from semantic_models.promises import Promise


@click.command("validate")
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text")
@click.option("--live", is_flag=True, help="Check on the data what keys, spans and spines promise.")
@project_option
def command(project: Path, format_: str, live: bool) -> None:  # noqa: FBT001
    """Check a project and show every fault at its place."""
    import orjson

    from auth.doubtful import doubts
    from gateway.check_promises import broken
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
    warnings = [*doubts(loaded.snapshot.policies, catalog)]
    try:
        checked = _checked(loaded) if live else []
    finally:
        loaded.close()
    found = [broken(promise, count) for promise, count in checked if count]
    if format_ == "json":
        told = {"checked": len(checked), "broken": [*map(document, found)]} if live else {}
        told |= {"warnings": [*map(document, warnings)]} if warnings else {}
        click.echo(orjson.dumps({"faults": [], "version": catalog.version, **told}))
        raise click.exceptions.Exit(1 if found else 0)
    for warning in warnings:
        tell(warning, "warning")
    for each in found:
        tell(each)
    if found:
        raise click.exceptions.Exit(1)
    members = sum(len(model.dimensions) for model in catalog.models.values())
    metrics = sum(1 for name in catalog.metrics if "." not in name)
    elapsed_ms = (time.perf_counter() - started_s) * 1000
    click.echo(
        f"{catalog.name}: {len(catalog.models)} models, {members} dimensions, {metrics} metrics; "
        f"no faults ({elapsed_ms:.0f} ms)"
    )
    if live:
        click.echo(f"{len(checked)} promises checked on the data; none is broken")


def _checked(loaded: Project) -> list[tuple[Promise, int]]:
    """Every promise with what the data says of it; where somebody watches, progress is shown."""
    from gateway.check_promises import check_promises
    from gateway.cli.progress import progress
    from gateway.ctrl_c import stopped_by_ctrl_c

    with stopped_by_ctrl_c(), progress("checking keys, spans and spines on the data"):
        return list(check_promises(loaded.snapshot.catalog, loaded.engines))
