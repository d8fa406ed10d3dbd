"""``forebay audit``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
TOLD = ("at", "verdict", "principal", "door")
"""What every record has."""


@click.group("audit")
def command() -> None:
    """Check and read what a server wrote down of its decisions."""


@command.command("verify")
@click.argument("folder", type=FOLDER)
@click.option("--anchors", type=FOLDER, required=True, help="The folder of their anchors.")
@click.option("--key", type=FILE, required=True, help="The file with the audit's key.")
def verify_command(folder: Path, anchors: Path, key: Path) -> None:
    """Tell whether the records of a folder are those that were written."""
    from gateway.audit_log import read_key, verify

    found = verify(folder, anchors, read_key(key))
    for each in found:
        torn = f", {each.torn_bytes} bytes of a torn line" if each.torn_bytes else ""
        told = f"{each.anchored} anchored, {each.unanchored} not yet{torn}"
        click.echo(f"{each.name}: {each.fault or 'sound'} ({each.records} records: {told})")
    faults = sum(bool(each.fault) for each in found)
    click.echo(f"{len(found)} files, {faults} with a fault", err=True)
    if faults:
        raise SystemExit(1)


@command.command("show")
@click.argument("folder", type=FOLDER)
@click.option("--principal", help="Only what this one asked.")
@click.option("--verdict", type=click.Choice(("allowed", "refused", "ended")))
@click.option("--query", help="Only the answer of this id.")
@click.option("-f", "--format", "format_", type=click.Choice(("table", "json")), default="table")
def show_command(folder: Path, format_: str, **wanted: str | None) -> None:
    """Print the records of a folder, the oldest first; it is not checked what they say."""
    from gateway.audit_log import lines_of

    strange = 0
    for line in lines_of(folder):
        record = _record(line)
        if record is None:
            strange += 1
        elif all(value is None or record.get(name) == value for name, value in wanted.items()):
            click.echo(line if format_ == "json" else _row(record))
    if strange:
        click.echo(
            f"{strange} lines are no records; `forebay audit verify` tells of which files", err=True
        )
        raise SystemExit(1)


def _record(line: bytes) -> dict[str, Any] | None:
    """What a line says; None where no server wrote it so."""
    import orjson

    try:
        record = orjson.loads(line)
    except ValueError:
        return None
    is_one = isinstance(record, dict) and all(name in record for name in TOLD)
    return record if is_one else None


def _row(record: dict[str, Any]) -> str:
    told = [record["at"], record["verdict"], record.get("code", ""), record["principal"]]
    given = f"{record['rows']} rows" if "rows" in record else ""
    read = ", ".join(record.get("relations", ()))
    return "  ".join(filter(None, (*told, record["door"], given, read)))
