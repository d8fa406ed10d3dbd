"""``forebay compile``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gateway.cli.asked_as import asking, asking_options
from gateway.cli.options import project_option, question_options, question_text


@click.command("compile")
@question_options
@asking_options
@click.option(
    "--dialect", type=click.Choice(("duckdb", "postgres", "trino")), help="Another engine's SQL."
)
@click.option("--proof", is_flag=True, help="Print why the answer is right, as JSON, too.")
@project_option
def command(project: Path, dialect: str | None, proof: bool, **options: Any) -> None:  # noqa: FBT001
    """Print the SQL that a question becomes. No data is read."""
    import orjson

    from dialects.duckdb import DUCKDB
    from dialects.postgres import POSTGRES
    from dialects.trino import TRINO
    from gateway.project import find_project
    from gateway.settings import Settings

    text = question_text(options)
    gateway, principal = asking(Settings(project=find_project(project)), options)
    try:
        chosen = {each.name: each for each in (DUCKDB, POSTGRES, TRINO)}.get(dialect or "")
        if chosen is None:
            prepared = gateway.prepare(text, principal)
        else:
            prepared = gateway.prepare_for(chosen, text, principal)
        click.echo(prepared.physical.text)
        if proof:
            click.echo(orjson.dumps(prepared.proof, option=orjson.OPT_INDENT_2))
    finally:
        gateway.close()
