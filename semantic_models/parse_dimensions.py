"""The dimensions of a model -> their specs: columns, expressions, and hierarchies of them."""

from __future__ import annotations

from semantic_models.errors import WrongType
from semantic_models.faults import Faults
from semantic_models.spec import DimensionSpec, HierarchySpec, Scalar
from semantic_models.spec_fields import Fields


def dimension_of(name: Scalar, fields: Fields, faults: Faults) -> DimensionSpec | HierarchySpec:
    """An entry of ``dimensions:``; a hierarchy has levels in place of values of its own."""
    levels = fields.columns("hierarchy")
    if not levels:
        return DimensionSpec(
            name=name,
            expr=fields.scalar("expr"),
            type=fields.scalar("type"),
            grain=fields.scalar("grain"),
            about=fields.about(),
        )
    for key in ("expr", "type", "grain"):
        written = fields.scalar(key)
        if written is not None:
            faults.add(
                WrongType(
                    f'"{key}" of {fields.place.text} stands beside "hierarchy"',
                    hint="Keep one of them; its levels have values and types of their own.",
                    position=written.position(),
                )
            )
    return HierarchySpec(name=name, levels=levels, about=fields.about())
