"""``forebay query``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.asked_as import asking, asking_options
from gateway.cli.files import write_whole
from gateway.cli.options import (
    check_keys_option,
    project_option,
    question_options,
    question_text,
)

if TYPE_CHECKING:
    from gateway.promise_guard import CheckKeys

FORMATS = ("table", "csv", "json", "ndjson", "arrow", "parquet")


@click.command("query")
@question_options
@asking_options
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="Default: table on a terminal, else csv.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
@check_keys_option
@project_option
def command(
    project: Path, format_: str | None, out: Path | None, check_keys: CheckKeys, **options: Any
) -> None:
    """Ask a question and print the answer.

    QUESTION is SQL over a model or a JSON document; "-" reads it from standard input.
    """
    from gateway.cli.failures import tell
    from gateway.cli.progress import progress
    from gateway.ctrl_c import stopped_by_ctrl_c
    from gateway.project import find_project
    from gateway.settings import Settings

    text = question_text(options)
    format_ = format_ or ("table" if sys.stdout.isatty() and out is None else "csv")
    if format_ in ("arrow", "parquet") and out is None and sys.stdout.isatty():
        raise click.UsageError(f"{format_} is not for a terminal; name a file with --out")
    with progress("loading the project"):
        settings = Settings(project=find_project(project), check_keys=check_keys)
        gateway, principal = asking(settings, options)
    try:
        prepared = gateway.prepare(text, principal)
        with stopped_by_ctrl_c(), progress("asking the engine") as working:
            answer = gateway.fetch(prepared)
            try:
                _write(answer, format_, out, working)
            finally:
                answer.stream.close()
        for each in answer.warned.warnings:
            tell(each, "warning")
    finally:
        gateway.close()


def _write(answer: Any, format_: str, out: Path | None, working: Any) -> None:
    from gateway.cli.tables import first_rows, table_text
    from gateway.http_api.encode import PIECES
    from gateway.http_api.negotiate import Format

    batches = working.counted(answer.stream)
    if format_ == "table":
        shown, rows = first_rows(batches, answer.prepared.schema)
        working.end()
        click.echo(table_text(shown, rows))
        return
    pieces = PIECES[Format[format_.upper()]](answer, batches)
    if out is not None:
        write_whole(out, pieces, "Name another file with --out.")
        return
    for piece in pieces:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    if format_ == "json":
        sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()
