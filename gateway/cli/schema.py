"""``forebay schema``."""

from __future__ import annotations

import click

FILES = ("models", "policies", "project")


@click.command("schema")
@click.argument("file", type=click.Choice(FILES), default="models")
def command(file: str) -> None:
    """Print the JSON Schema of model files, of policies or of forebay.yml, for editors."""
    import orjson

    from semantic_models.json_schema import json_schema

    click.echo(orjson.dumps(json_schema(file), option=orjson.OPT_INDENT_2))
