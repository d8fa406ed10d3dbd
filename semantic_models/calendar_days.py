"""The rows of calendars that rows of other models meet: each is of one civil day."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from semantic_models.bind import behind, column
from semantic_models.definitions import paths_of
from semantic_models.intrinsics import cast
from semantic_models.model import Expr, Model, Path
from semantic_models.plan import Output
from semantic_models.resolved import CalendarStep


def day_of(
    calendar: Model, grain: str, moment: exp.Expr, path: Path
) -> tuple[CalendarStep, Output]:
    """The calendar's row of a civil day, and what it says of a grain."""
    day = cast(column(calendar.key[0], path), "TIMESTAMP")
    predicate = Expr(exp.EQ(this=day, expression=moment))
    member = calendar.dimensions[grain]
    assert member.type is not None, "a served catalog has its types"
    value = Output(grain, behind(member.expr, path), member.type)
    return CalendarStep(path, calendar, predicate), value


def days_behind(days: Mapping[Path, CalendarStep], first: Path) -> dict[Path, CalendarStep]:
    """Those that are met by rows behind a one-to-many join."""
    return {path: each for path, each in days.items() if _is_behind(each, first)}


def _is_behind(day: CalendarStep, first: Path) -> bool:
    return any(path[:1] == first for path in paths_of(day.predicate.tree))
