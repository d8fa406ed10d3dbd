"""``forebay explain-query``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gateway.cli.asked_as import asking, asking_options
from gateway.cli.options import project_option, question_options, question_text


@click.command("explain-query")
@question_options
@asking_options
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text")
@project_option
def command(project: Path, format_: str, **options: Any) -> None:
    """Tell why the answer to a question is right. No data is read.

    QUESTION is SQL over a model or a JSON document; "-" reads it from standard input.
    """
    import orjson

    from gateway.project import find_project
    from gateway.settings import Settings
    from semantic_models.explain import explain

    text = question_text(options)
    gateway, principal = asking(Settings(project=find_project(project)), options)
    try:
        proof = gateway.prepare(text, principal).proof
    finally:
        gateway.close()
    if format_ == "json":
        click.echo(orjson.dumps(proof, option=orjson.OPT_INDENT_2))
        return
    for line in explain(proof):
        click.echo(line)
