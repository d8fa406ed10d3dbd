"""What went wrong, told on stderr."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import Any

import click

from gateway.errors import EngineError, InternalError
from semantic_models.errors import FaultyProject, ForebayError, SettingRejected
from semantic_models.render_fault import Role, render_lines

FAILED = 1
WORDS_MAX = 500
"""Characters of an engine's own text that are shown."""
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
    _give_own_words(error)
    for line in render_lines(error, called):
        click.echo(
            "".join(click.style(part.text, **styles.get(part.role, {})) for part in line), err=True
        )


def _give_own_words(error: ForebayError) -> None:
    """Say what engines said themselves: who runs a command owns them, and has no server's log."""
    for each in error.faults if isinstance(error, FaultyProject) else (error,):
        if isinstance(each, EngineError) and each.own_words:
            each.detail = f"The engine says: {each.own_words[:WORDS_MAX]}"


def document(error: ForebayError) -> dict[str, object]:
    """An error for programs."""
    _give_own_words(error)
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
