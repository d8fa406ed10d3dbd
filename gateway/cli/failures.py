"""What went wrong, told on stderr."""

from __future__ import annotations

import sys
import traceback

from semantic_models.render_fault import render, render_project

from gateway.errors import InternalError
from semantic_models.errors import FaultyProject, ForebayError

FAILED = 1


def told(error: Exception, *, debug: bool) -> int:
    """Write an error for people to stderr and give the exit code."""
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    match error:
        case FaultyProject():
            text = render_project(error)
        case ForebayError():
            text = render(error)
        case _:
            unknown = InternalError(
                "something went wrong inside forebay", hint="Run it again with --debug first."
            )
            text = render(unknown)
    print(text, file=sys.stderr)  # noqa: T201
    return FAILED
