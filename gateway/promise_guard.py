"""Answers whose proof stands on promises that the data breaks: refused, or told with a warning."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cache.fingerprint import CacheKey
from gateway.check_promises import Check, Counts, broken
from gateway.errors import EngineError, PromiseBroken
from semantic_models.errors import ForebayError, Position

CheckKeys = Literal["off", "warn", "error"]
TOLD_MAX = 8
TOLD_CHARACTERS_MAX = 200
"""What a header takes, since clients refuse long ones."""
ANSWERS_MAX = 10_000
"""Answers whose warnings are remembered; of another one they are found again."""

Warnings = tuple[ForebayError, ...]


@dataclass(slots=True, eq=False)
class Warned:
    """What is told with an answer; set anew where it is made of other data after all."""

    warnings: Warnings = ()

    def documents(self) -> list[dict[str, object]]:
        """The warnings for programs."""
        return [
            {
                "code": each.code,
                "message": each.message,
                "detail": each.detail,
                "hint": each.hint,
                "source": _source(each.position) if each.position else None,
            }
            for each in self.warnings
        ]

    def header(self) -> str:
        """The first warnings in one line of ASCII, as a JSON list of texts."""
        lines = [f"[{each.code}] {each.message}" for each in self.warnings[:TOLD_MAX]]
        return json.dumps([each[:TOLD_CHARACTERS_MAX] for each in lines])


def _source(at: Position) -> dict[str, object]:
    return {"file": at.source, "line": at.line, "column": at.column}


NOT_WARNED = Warned()


class PromiseGuard:
    """Checks what an answer relies on, once for each version of its data. Safe for many threads."""

    def __init__(self, counts: Counts, *, refuses: bool, timeout_s: float) -> None:
        self._counts = counts
        self._refuses = refuses
        self._timeout_s = timeout_s
        self._known: dict[CacheKey, Warned] = {}

    def known(self, key: CacheKey) -> Warned | None:
        """What is told with an answer that was checked; None of one that was not. Never blocks."""
        return self._known.get(key)

    def check(self, key: CacheKey, checks: Callable[[], tuple[Check, ...]]) -> Warned:
        """What is told with an answer over the data as it is.

        Raises:
            PromiseBroken: a promise is broken, and answers that rely on one are refused.
            EngineError: it cannot be checked, and such answers are refused.
        """
        known = self._known.get(key)
        if known is not None:
            return known
        found = [self._checked(each) for each in checks()]
        warnings = tuple(each for each in found if each is not None)
        if warnings and self._refuses:
            raise _all_in_one(warnings)
        if len(self._known) >= ANSWERS_MAX:
            self._known.clear()
        warned = self._known[key] = Warned(warnings)
        return warned

    def _checked(self, check: Check) -> ForebayError | None:
        try:
            count = self._counts.count(check, timeout_s=self._timeout_s)
        except EngineError as error:
            if self._refuses:
                raise
            return _unchecked(check, error)
        return broken(check.promise, count) if count else None


def _unchecked(check: Check, error: EngineError) -> ForebayError:
    told = check.promise
    message = f"it is not known whether the data keeps {told.what} of {told.name}"
    return type(error)(message, detail=f"{error.message}.", hint=error.hint)


def _all_in_one(refusals: Warnings) -> ForebayError:
    """The first of several refusals, which tells that there are others."""
    first = refusals[0]
    further = len(refusals) - 1
    if not further:
        return first
    promises = "promise" if further == 1 else "promises"
    detail = f"{first.detail} The answer relies on {further} more {promises} that it breaks."
    return PromiseBroken(first.message, detail=detail, hint=first.hint, position=first.position)
