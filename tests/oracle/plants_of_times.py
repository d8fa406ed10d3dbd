"""Bugs of calendars, parts of times and parameters, as they are planted."""

from __future__ import annotations

from typing import Any

import pytest
from sqlglot import exp

from semantic_models import build_metrics, intrinsics, resolve_names


def number_from_zero(patch: pytest.MonkeyPatch) -> None:
    """Parts of times that are grouped by are one less than they are."""
    right = intrinsics.part_of

    def wrong(tree: exp.Expr, part: str, type_: Any) -> exp.Expr:
        one = exp.Literal(this="1", is_string=False)
        return exp.Paren(this=exp.Sub(this=right(tree, part, type_), expression=one))

    patch.setattr(resolve_names, "part_of", wrong)


def ask_in_place_of_metrics(patch: pytest.MonkeyPatch) -> None:
    """What a metric says of a parameter does not hold."""
    patch.setattr(build_metrics, "with_values", lambda metric, *_: metric)


PLANTS = [number_from_zero, ask_in_place_of_metrics]
