"""What stands beside models in their files and is plain data: calendars, spines, parameters."""

from __future__ import annotations

from semantic_models.faults import Faults
from semantic_models.spec import CalendarSpec, ParameterSpec, Scalar, SpineSpec
from semantic_models.spec_fields import Fields, must


def calendar(name: Scalar, fields: Fields, _: Faults) -> CalendarSpec:
    """One entry of ``calendars``."""
    return CalendarSpec(
        name=name,
        table=must(fields, "table"),
        day=must(fields, "day"),
        grains=fields.texts("grains"),
        shifts=fields.texts("shifts"),
        engine=fields.scalar("engine"),
    )


def parameter(name: Scalar, fields: Fields, _: Faults) -> ParameterSpec:
    """One entry of ``parameters``."""
    return ParameterSpec(
        name=name,
        type=must(fields, "type"),
        default=must(fields, "default"),
        allowed=fields.columns("allowed"),
        about=fields.about(),
    )


def spine(name: Scalar, fields: Fields, _: Faults) -> SpineSpec:
    """One entry of ``spines``."""
    return SpineSpec(
        name=name,
        table=must(fields, "table"),
        column=must(fields, "column"),
        engine=fields.scalar("engine"),
    )
