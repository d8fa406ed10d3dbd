"""What went wrong, told on stderr."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import Any

import click

from gateway.errors import InternalError
from semantic_models.errors import ForebayError, SettingRejected
from semantic_models.render_fault import Role, render_lines

FAILED = 1
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
STYLES: dict[Role, dict[str, Any]] = {
    Role.CODE: {"fg": "red", "bold": True},
    Role.MESSAGE: {"bold": True},
    Role.FRAME: {"fg": "blue", "bold": True},
    Role.CARET: {"fg": "red", "bold": True},
    Role.HELP: {"fg": "cyan"},
}
"""Colours on a terminal; click leaves them out where the output is none."""


def told(error: Exception, *, debug: bool) -> int:
    """Write an error for people to stderr and give the exit code."""
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        drop_output()
        error = SettingRejected(
            f"the output cannot be written: {os.strerror(error.errno).lower()}",
            hint="Free some room, or write to another place.",
        )
    if not isinstance(error, ForebayError):
        error = InternalError(
            "something went wrong inside forebay", hint="Run it again with --debug first."
        )
    tell(error)
    return FAILED


def drop_output() -> None:
    """Let what is still buffered for stdout go nowhere; the end of the process would write it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell(error: ForebayError, called: str = "error") -> None:
    """Write an error, or every fault of a project, to stderr."""
    is_plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    styles = {} if is_plain else STYLES
    for line in render_lines(error, called):
        click.echo(
            "".join(click.style(part.text, **styles.get(part.role, {})) for part in line), err=True
        )


def document(error: ForebayError) -> dict[str, object]:
    """An error for programs."""
    at = error.position
    return {
        "code": error.code,
        "codes": list(error.codes),
        "message": error.message,
        "detail": error.detail,
        "hint": error.hint,
        "source": {"file": at.source, "line": at.line, "column": at.column, "length": at.length}
        if at
        else None,
    }
