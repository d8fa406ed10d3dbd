"""``forebay show``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gateway.cli.options import project_option


@click.command("show")
@click.argument("name")
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text")
@project_option
def command(project: Path, name: str, format_: str) -> None:
    """Show a model, a metric, a saved query, or a dimension as MODEL.DIMENSION."""
    import orjson

    from gateway.catalog_document import catalog_document
    from gateway.project import find_project, load_project
    from semantic_models.errors import UnknownName

    loaded = load_project(find_project(project))
    loaded.close()
    found = _found(catalog_document(loaded.snapshot.catalog), name)
    if not found:
        catalog = loaded.snapshot.catalog
        known = [*catalog.models, *catalog.metrics, *catalog.saved_queries]
        raise UnknownName.of("model, metric, query or dimension", name, known)
    if format_ == "json":
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
        return
    for kind, document in found.items():
        click.echo(f"{kind} {name}")
        _print(document, "  ")


_LISTS = (("model", "models"), ("metric", "metrics"), ("saved query", "saved_queries"))


def _found(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = {kind: each for kind, key in _LISTS for each in document[key] if each["name"] == name}
    model, _, member = name.partition(".")
    for each in document["models"]:
        for dimension in each["dimensions"]:
            if (each["name"], dimension["name"]) == (model, member):
                found["dimension"] = dimension
    return found


def _print(value: Any, indent: str) -> None:
    for key, each in value.items():
        if each in (None, "", [], {}, False):
            continue
        if isinstance(each, list) and isinstance(each[0], dict):
            click.echo(f"{indent}{key}")
            for item in each:
                about = item.get("description") or item.get("expr") or item.get("to") or ""
                click.echo(f"{indent}  {item.get('name', ''):<24} {about}".rstrip())
        elif isinstance(each, list):
            click.echo(f"{indent}{key}: {', '.join(map(str, each))}")
        else:
            click.echo(f"{indent}{key}: {each}")
