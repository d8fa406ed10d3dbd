"""``forebay fmt``."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.files import write_whole
from gateway.cli.options import project_option


@click.command("fmt")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--check", is_flag=True, help="Write nothing; list the files that would change.")
@project_option
def command(project: Path, paths: tuple[Path, ...], check: bool) -> None:  # noqa: FBT001
    """Format the YAML files of a project, or these files and those of these folders.

    What a file means stays the same, and so do its comments.
    """
    changed = {path: text for path, text in _formatted(_files(project, paths)).items() if text}
    for path, text in changed.items():
        if not check:
            whole = path.resolve() if path.is_symlink() else path
            write_whole(whole, [text.encode()], "Check that it and its folder may be written.")
        click.echo(f"{'would format' if check else 'formatted'} {path}")
    raise click.exceptions.Exit(1 if check and changed else 0)


def _files(project: Path, paths: tuple[Path, ...]) -> list[Path]:
    from gateway.project import find_project, read_files

    if not paths:
        folder = find_project(project)
        return [folder / each for each in read_files(folder)]
    found = [
        sorted(each for each in path.rglob("*") if each.suffix in (".yml", ".yaml"))
        if path.is_dir()
        else [path]
        for path in paths
    ]
    return [each for files in found for each in files]


def _formatted(paths: list[Path]) -> dict[Path, str]:
    """The text of each file as it should be, empty where it is; nothing where one has a fault."""
    from semantic_models.errors import FaultyProject, ForebayError
    from semantic_models.format_yaml import format_yaml

    texts: dict[Path, str] = {}
    faults: list[ForebayError] = []
    for path in paths:
        written = path.read_bytes()
        try:
            text = format_yaml(str(path), written)
        except FaultyProject as error:
            faults += error.faults
        except ForebayError as error:
            faults.append(error)
        else:
            texts[path] = "" if text.encode() == written else text
    if faults:
        raise FaultyProject(faults)
    return texts
