"""``forebay test``."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import project_option

if TYPE_CHECKING:
    from semantic_models.spec import ProjectTestSpec


@click.command("test")
@click.argument("names", nargs=-1)
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text")
@project_option
def command(project: Path, names: tuple[str, ...], format_: str) -> None:
    """Run the tests of a project, all of them or those of these names or patterns."""
    import orjson

    from gateway.cli.progress import progress
    from gateway.compose import gateway_of
    from gateway.project import find_project, load_project
    from gateway.project_tests import run_test
    from gateway.settings import Settings

    folder = find_project(project)
    with progress("loading the project"):
        loaded = load_project(folder)
    gateway = gateway_of(loaded.without_policies(), Settings(project=folder))
    try:
        chosen = _chosen(loaded.spec.tests, names)
        with progress("running the tests"):
            outcomes = [run_test(each, gateway) for each in chosen]
    finally:
        gateway.close()
    failed = [each for each in outcomes if each.failure]
    passed = len(outcomes) - len(failed)
    if format_ == "json":
        tests = [asdict(each) for each in outcomes]
        click.echo(orjson.dumps({"passed": passed, "failed": len(failed), "tests": tests}))
    else:
        for each in failed:
            click.echo(f"FAILED {each.name}: {each.failure}")
        click.echo(f"{passed} passed, {len(failed)} failed")
    raise click.exceptions.Exit(1 if failed else 0)


def _chosen(
    tests: Sequence[ProjectTestSpec], patterns: tuple[str, ...]
) -> Sequence[ProjectTestSpec]:
    """The tests of these names or patterns, each once; all where none is given."""
    from semantic_models.checks import unknown

    known = [each.name.text for each in tests]
    for each in patterns:
        if not fnmatch.filter(known, each):
            raise unknown("test", each, known, "Tests")
    return [
        each
        for each in tests
        if not patterns or any(fnmatch.fnmatchcase(each.name.text, it) for it in patterns)
    ]
