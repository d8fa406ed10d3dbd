"""``forebay diff``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import project_option

if TYPE_CHECKING:
    from gateway.compare_values import Compared, Told
    from semantic_models.compare import Difference

SIGNS = {"added": "+", "removed": "-", "changed": "~", "affected": "*", "described": "."}
NOTHING = "-"


@click.command("diff")
@click.argument("revision")
@click.option("--values", is_flag=True, help="Ask both sides for the totals of what differs.")
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text")
@project_option
def command(revision: str, project: Path, format_: str, values: bool) -> None:  # noqa: FBT001
    """Compare what a project means with what it meant at a git REVISION.

    + added, - removed, ~ changed, * made of what changed, . described in other words.
    """
    import orjson

    from gateway.compare_values import compared, totals
    from gateway.project import KeptProject, build_files, find_project, read_files
    from gateway.revisions import faults_of, files_at
    from semantic_models.compare import differences

    folder = find_project(project)
    before, after = files_at(folder, revision), read_files(folder)
    kept = KeptProject()  # Most files are the same on both sides.
    with faults_of(revision):
        was, old = build_files(before, kept)
    now, new = build_files(after, kept)
    found = differences(old, new, (was.tests, now.tests))
    told: list[Compared] = []
    names = [each.name for each in found if values and each.is_of_values]
    if names:
        with faults_of(revision):
            then = totals(before, folder, names)
        told = list(compared(names, then, totals(after, folder, names)))
    if format_ == "json":
        document = {"differences": [*map(_difference, found)], "values": [*map(_value, told)]}
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str))
        return
    for line in (*_lines(found), *_table(told)):
        click.echo(line)


def _lines(found: Sequence[Difference]) -> Iterator[str]:
    if not found:
        yield "nothing differs in what it means"
    for each in found:
        yield f"{SIGNS[each.how]} {each.kind} {each.name}"
        for part in each.parts:
            yield f"    {part.name}{_change(part.old, part.new)}"
        if each.causes:
            yield f"    because of {', '.join(each.causes)}"


def _change(old: str, new: str) -> str:
    return f": {old or NOTHING} -> {new or NOTHING}" if old or new else ""


def _table(told: Sequence[Compared]) -> Iterator[str]:
    """Totals before and after, numbers to the right."""
    if not told:
        return
    rows = [("total", "old", "new", "difference", "percent"), *map(_row, told)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield ""
    for name, *cells in rows:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join((name.ljust(widths[0]), *padded)).rstrip()


def _row(each: Compared) -> tuple[str, ...]:
    percent = "" if each.percent is None else f"{each.percent:+.2f} %"
    difference = "" if each.difference is None else f"{each.difference:+,}"
    return each.name, _cell(each.old), _cell(each.new), difference, percent


def _cell(told: Told) -> str:
    if told.code or told.value is None:
        return told.code or NOTHING
    is_number = isinstance(told.value, int | float) and not isinstance(told.value, bool)
    return f"{told.value:,}" if is_number else str(told.value)


def _difference(each: Difference) -> dict[str, object]:
    parts = [{"name": part.name, "old": part.old, "new": part.new} for part in each.parts]
    return {
        "kind": each.kind,
        "name": each.name,
        "how": each.how,
        "parts": parts,
        "causes": list(each.causes),
    }


def _value(each: Compared) -> dict[str, object]:
    return {
        "name": each.name,
        "old": each.old.value,
        "new": each.new.value,
        "difference": each.difference,
        "percent": each.percent,
        "old_code": each.old.code,
        "new_code": each.new.code,
    }
