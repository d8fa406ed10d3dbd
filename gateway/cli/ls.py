"""``forebay ls``."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gateway.cli.options import project_option

KINDS: Mapping[str, str] = {
    "models": "model",
    "metrics": "metric",
    "dimensions": "dimension",
    "saved-queries": "saved query",
}
"""What is listed, and what one of it is called."""


@click.command("ls")
@click.argument("kind", type=click.Choice(tuple(KINDS)), required=False)
@click.option("--select", help="Only names of this pattern, such as 'avg_*'.")
@click.option("-f", "--format", "format_", type=click.Choice(("table", "json")), default="table")
@project_option
def command(project: Path, kind: str | None, select: str | None, format_: str) -> None:
    """List models, metrics, dimensions or saved queries."""
    import orjson

    from gateway.catalog_document import catalog_document
    from gateway.project import find_project, load_project

    loaded = load_project(find_project(project))
    loaded.close()
    rows = [
        row
        for row in listed(catalog_document(loaded.snapshot.catalog))
        if (kind is None or row["kind"] == KINDS[kind])
        and (select is None or fnmatch.fnmatchcase(str(row["name"]), select))
    ]
    if format_ == "json":
        click.echo(orjson.dumps(rows))
        return
    width = max((len(str(row["name"])) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['kind']:<11} {row['name']:<{width}}  {row['description']}".rstrip())


def listed(document: dict[str, Any]) -> list[dict[str, object]]:
    """One row a model, metric, dimension and saved query."""
    rows = [_row("model", each["name"], each) for each in document["models"]]
    rows += [_row("metric", each["name"], each) for each in document["metrics"]]
    rows += [
        _row("dimension", f"{model['name']}.{each['name']}", each)
        for model in document["models"]
        for each in model["dimensions"]
    ]
    rows += [_row("saved query", each["name"], each) for each in document["saved_queries"]]
    return rows


def _row(kind: str, name: str, document: dict[str, Any]) -> dict[str, object]:
    return {"kind": kind, "name": name, "description": document.get("description", "")}
