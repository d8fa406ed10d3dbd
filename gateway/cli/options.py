"""Options that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from gateway.audit_log import AuditSettings

ROWS_MAX = 2**53
FILLS = click.Choice(["times", "dense"])
Command = TypeVar("Command", bound=Callable[..., Any])

project_option = click.option(
    "--project",
    "-p",
    type=click.Path(path_type=Path, exists=True),
    default=Path(),
    help="The folder of forebay.yml; by default the nearest one from here upwards.",
)


check_keys_option = click.option(
    "--check-keys",
    type=click.Choice(("off", "warn", "error")),
    default="off",
    show_default=True,
    help="Whether answers that rely on keys which the data breaks are told so, or refused.",
)


def port_options(command: Command) -> Command:
    """Where a server listens."""
    options = (
        _port("--port", 8080, "HTTP; 0 is any free one."),
        _port("--flight-port", 8815, "Flight SQL; 0 is any free one."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def audit_options(command: Command) -> Command:
    """Where decisions are written down."""
    folder = click.Path(path_type=Path, file_okay=False)
    key = click.Path(path_type=Path, dir_okay=False)
    options = (
        click.option("--audit", type=folder, help="A folder for a record of every decision."),
        click.option("--audit-anchors", type=folder, help="Another one, for their anchors."),
        click.option("--audit-key", type=key, help="A file of 16 to 64 random bytes."),
        click.option(
            "--audit-sync",
            type=click.Choice(("second", "record")),
            default="second",
            show_default=True,
            help="Whether records are on disk within a second, or each before its answer.",
        ),
        click.option(
            "--audit-optional", is_flag=True, help="Answer even while nothing can be written."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def audit_of(options: dict[str, Any]) -> AuditSettings | None:
    """The settings of an audit, taken out of a command's options; None where none is wanted."""
    from gateway.audit_log import AuditSettings

    taken = [options.pop(f"audit{each}") for each in ("", "_anchors", "_key", "_sync", "_optional")]
    folder, anchors, key, sync, is_optional = taken
    if folder is None and anchors is None and key is None:
        return None
    if folder is None or anchors is None or key is None:
        raise click.UsageError("--audit, --audit-anchors and --audit-key stand together")
    return AuditSettings(
        folder=folder, anchors=anchors, key=key, sync=sync, required=not is_optional
    )


mtls_port_option = click.option(
    "--flight-mtls-port",
    type=click.IntRange(0, 65535),
    help="Flight SQL for clients that prove themselves by certificates alone; 0 is any free one.",
)


def _port(name: str, default: int, told: str) -> Callable[[Command], Command]:
    kind = click.IntRange(0, 65535)
    return click.option(name, default=default, show_default=True, type=kind, help=told)


def tls_option(name: str, told: str) -> Callable[[Command], Command]:
    """A file of the certificate of a server."""
    return click.option(name, type=click.Path(path_type=Path, exists=True), help=told)


def question_options(command: Command) -> Command:
    """The parts of a question, as options of a command."""
    options = (
        click.argument("question", required=False),
        click.option("-m", "--metrics", multiple=True, help="Metrics, comma-separated."),
        click.option("-d", "--dimensions", multiple=True, help="Dimensions, comma-separated."),
        click.option("--fields", multiple=True, help="Fields of rows, comma-separated."),
        click.option("--saved", help="A saved query, to which the rest is added."),
        click.option("--from", "model", help="The model whose rows are listed."),
        click.option("-w", "--where", multiple=True, help="A predicate on rows, in SQL."),
        click.option("--having", multiple=True, help="A predicate on metrics, in SQL."),
        click.option("-o", "--order-by", multiple=True, help="Names; -NAME is descending."),
        click.option("--limit", type=click.IntRange(0, ROWS_MAX), help="At most so many rows."),
        click.option(
            "--offset", type=click.IntRange(0, ROWS_MAX), help="Leave out the first rows."
        ),
        click.option("--since", help="The start of the time range, such as 2013-01."),
        click.option("--until", help="Its end, which is included."),
        click.option("--last", help='A count of periods, such as "12 months".'),
        click.option("--on", "time_on", help="The time dimension of the range."),
        click.option("--zone", help="The time zone, such as Europe/Berlin."),
        click.option("--totals", is_flag=True, help="Subtotals and the grand total too."),
        click.option("--fill", type=FILLS, help="Times without rows too; dense: for each tuple."),
        click.option("--compare", multiple=True, help='How long ago too, such as "1 year".'),
        click.option("--top", type=click.IntRange(1, ROWS_MAX), help="So many first members."),
        click.option("--top-by", help="What ranks them; by default the first metric."),
        click.option("--top-on", help="The dimension whose members they are."),
        click.option("--others", is_flag=True, help="All other members as one more."),
        click.option("--param", "params", multiple=True, help="A parameter, as NAME=VALUE."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def question_text(options: dict[str, Any]) -> str:
    """The question of a command line: its text as it is, or a document of its options."""
    import orjson

    text = options.get("question")
    if text == "-":
        return sys.stdin.read().strip()
    document: dict[str, object] = {
        key: names for key in ("metrics", "dimensions", "fields") if (names := _names(options[key]))
    }
    document |= {"saved_query": options["saved"]} if options["saved"] else {}
    document |= {key: list(options[key]) for key in ("where", "having") if options[key]}
    order = _names(options["order_by"])
    time = {
        key: options[option]
        for key, option in (
            ("on", "time_on"),
            ("from", "since"),
            ("to", "until"),
            ("last", "last"),
            ("zone", "zone"),
        )
        if options[option]
    }
    document |= {"order_by": order} if order else {}
    document |= {"time": time} if time else {}
    document |= {"from": options["model"]} if options["model"] else {}
    document |= {key: options[key] for key in ("limit", "offset") if options[key] is not None}
    document |= _further(options, document)
    if text and document:
        raise click.UsageError("a question is either a text or options, not both")
    if text:
        return str(text).strip()
    if not document:
        raise click.UsageError(
            "nothing is asked; name metrics with -m, dimensions with -d, or give SQL or JSON"
        )
    return orjson.dumps(document).decode()


def _further(options: dict[str, Any], document: dict[str, object]) -> dict[str, object]:
    """What else a question may say of its answer."""
    further: dict[str, object] = {}
    if options["totals"]:
        further["totals"] = True
    if options["fill"]:
        further["fill"] = True if options["fill"] == "times" else options["fill"]
    if options["compare"]:
        further["compare"] = list(options["compare"])
    if options["params"]:
        further["params"] = dict(map(_parameter, options["params"]))
    if options["top"] is not None:
        further["top"] = _top(options, document)
    elif options["top_by"] or options["top_on"] or options["others"]:
        raise click.UsageError("--top-by, --top-on and --others stand beside --top")
    return further


def _top(options: dict[str, Any], document: dict[str, object]) -> dict[str, object]:
    metrics = document.get("metrics")
    by = options["top_by"] or (metrics[0] if isinstance(metrics, list) else "")
    if not by:
        raise click.UsageError("name what ranks the members with --top-by")
    top = {"by": by, "n": options["top"], "other": options["others"]}
    return {**top, "on": options["top_on"]} if options["top_on"] else top


def _parameter(written: str) -> tuple[str, object]:
    """A name and its value: a number, true or false as such, anything else as text."""
    import orjson

    name, equals, text = written.partition("=")
    if not name or not equals:
        raise click.UsageError(f'"{written}" is not NAME=VALUE')
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = text
    return name.strip(), value if isinstance(value, bool | int | float | str) else text


def _names(values: tuple[str, ...]) -> list[str]:
    return [name.strip() for value in values for name in value.split(",") if name.strip()]
