"""The command ``forebay``; each command's module is imported only when it runs."""

from __future__ import annotations

import importlib
import keyword
import sys
from typing import NoReturn

import click

COMMANDS = {
    "demo": "Serve the sample project of New York's flights and ask it ten questions.",
    "serve": "Serve a project over HTTP and Arrow Flight SQL.",
    "validate": "Check a project and show every fault at its place.",
    "test": "Run the tests that a project declares.",
    "fmt": "Format the YAML files of a project.",
    "query": "Ask a question and print the answer.",
    "compile": "Print the SQL that a question becomes.",
    "explain-query": "Tell why the answer to a question is right.",
    "import": "Turn models of another format into files of a project.",
    "export": "Write a project as a document of another format.",
    "schema": "Print the JSON Schema of a project's files, for editors.",
    "lineage": "Show the columns that a metric is made of, and how.",
    "diff": "Compare a project with what it was at a git revision.",
    "audit": "Check and read what a server wrote down of its decisions.",
    "ls": "List models, metrics or dimensions.",
    "token": "Make, list and revoke API keys.",
    "show": "Show one model, metric or dimension.",
    "why": "Tell which policies apply to somebody, and why a name is seen or not.",
}


def module_of(command: str) -> str:
    """The module of a command; Python keeps some names for itself."""
    name = command.replace("-", "_")
    return f"gateway.cli.{name}_" if keyword.iskeyword(name) else f"gateway.cli.{name}"


class LazyGroup(click.Group):
    """A group whose help needs none of its commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(module_of(cmd_name)).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f'no command "{args[0]}"; commands are {", ".join(COMMANDS)}')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        _log_only_when_asked(ctx)
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click itself would call it a failure
            _close_quietly()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="forebay", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show where a failure happened, with its traceback.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:  # noqa: FBT001
    """Metrics and dimensions in YAML, answers as Arrow.

    Exit codes: 0 all is well, 1 a question or project was refused, 2 the command was misused.
    """
    context.obj = debug


def _log_only_when_asked(ctx: click.Context) -> None:
    """An engine's own words go to a log: that of a server, or stderr with --debug.

    Those of the parser quote what was asked, values and all, and go to none.
    """
    import logging

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    if not ctx.params.get("debug"):
        logging.getLogger("gateway").addHandler(logging.NullHandler())


def main() -> None:
    """Run one command; every failure is told in one line and never as a traceback."""
    try:
        sys.exit(cli(standalone_mode=False))
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - whatever escapes is told, not traced
        from gateway.cli.failures import told

        sys.exit(told(error, debug="--debug" in sys.argv))


def _close_quietly() -> NoReturn:
    """The reader of our output has left; nothing is wrong."""
    from gateway.cli.failures import drop_output

    drop_output()
    sys.exit(0)
