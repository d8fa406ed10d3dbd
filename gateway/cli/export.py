"""``forebay export``."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.options import project_option


@click.command("export")
@click.argument("kind", type=click.Choice(("ossie",)))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that is written, JSON where its name ends so; by default standard output.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@project_option
def command(kind: str, output: Path | None, project: Path, force: bool) -> None:  # noqa: FBT001
    """Write a project as a document of another format. No data is read.

    What that format has no words for is told on standard error.
    """
    from gateway.exports import document_text, export_project, write_document
    from gateway.project import find_project

    exported = export_project(kind, find_project(project))
    is_json = output is not None and output.suffix == ".json"
    text = document_text(exported.document, as_json=is_json)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_document(output, text, overwrite=force)
        click.echo(f"wrote {output}")
    for change in exported.changes:
        click.echo(f"said otherwise: {change.place}: {change.reason}", err=True)
    for loss in exported.losses:
        click.echo(f"not carried over: {loss.place}: {loss.reason}", err=True)
