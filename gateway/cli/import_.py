"""``forebay import``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("import")
@click.argument("kind", type=click.Choice(("dbt", "ossie")))
@click.argument("source", type=click.Path(exists=True, dir_okay=True, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder of the project that is written.",
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
def command(kind: str, source: Path, output: Path, force: bool) -> None:  # noqa: FBT001
    """Turn a file of another format, or a folder of them, into files of a project.

    What cannot be carried over is told on standard error.
    """
    from gateway.imports import read_foreign, write_project

    imported = read_foreign(kind, source)
    for path in write_project(output, imported, overwrite=force):
        click.echo(f"wrote {path}")
    for loss in imported.losses:
        code = f" ({loss.code})" if loss.code else ""
        click.echo(f"not carried over: {loss.place}: {loss.reason}{code}", err=True)
