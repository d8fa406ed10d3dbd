"""``forebay lineage``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import project_option

if TYPE_CHECKING:
    from semantic_models.lineage import Part


@click.command("lineage")
@click.argument("metric")
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text")
@project_option
def command(project: Path, metric: str, format_: str) -> None:
    """Show what a metric or measure is made of, down to the columns of tables."""
    import orjson

    from gateway.project import find_project, load_project
    from semantic_models.lineage import columns_of, lineage_of

    loaded = load_project(find_project(project))
    loaded.close()
    root = lineage_of(loaded.snapshot.catalog, metric)
    if format_ == "json":
        document = {"columns": columns_of(root), "lineage": asdict(root)}
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        return
    for line in lines(root):
        click.echo(line)


def lines(part: Part, indent: str = "") -> Iterator[str]:
    """A tree as text, what something is made of below it."""
    about = f" ({part.text})" if part.kind == "unknown" else f" = {part.text}"
    if part.kind not in ("metric", "measure", "unknown"):
        about = f" {part.text}"
    yield f"{indent}{part.kind:<8} {part.name}{about if part.text else ''}"
    for each in part.parts:
        yield from lines(each, f"{indent}  ")
