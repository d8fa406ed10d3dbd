"""Files of policies, and the attributes that policies may read -> their specs."""

from __future__ import annotations

from semantic_models.faults import Faults
from semantic_models.spec import AttributeSpec, PolicySpec, Scalar
from semantic_models.spec_fields import Fields, must


def policy(name: Scalar, fields: Fields, _: Faults) -> PolicySpec:
    """One entry of ``policies``."""
    on = {key.text: value for key, value in fields.texts("on")}
    return PolicySpec(
        name=name,
        model=fields.scalar("on"),
        table=on.get("table"),
        rows=fields.scalar("rows"),
        any_of=fields.scalar("any_of"),
        otherwise=fields.scalar("otherwise"),
        masks=fields.texts("mask"),
        hide=fields.columns("hide"),
        grant=fields.lists("grant"),
        min_group=fields.scalar("min_group"),
        min_group_of=fields.scalar("min_group_of"),
        limits=fields.texts("limits"),
        roles=fields.columns("for") if "for" in fields.nodes else None,
        unless=fields.columns("unless"),
    )


def attribute(name: Scalar, fields: Fields, _: Faults) -> AttributeSpec:
    """One entry of ``attributes``."""
    is_list = fields.truth("list", default=False)
    return AttributeSpec(name=name, type=must(fields, "type"), is_list=is_list)
