"""All policies to the rights of one principal: the rules of composition, once.

1. Names: without policies all, else what grants tell of; ``default: open`` tells of the rest too.
2. Rows: every filter that applies must hold, those that share ``any_of`` as alternatives. Where a
   model has filters, and those that apply to a principal are none, be it by ``for`` or by
   ``unless``, ``otherwise`` decides, and ``deny`` wins. Filters of tables count by themselves.
3. Masks: two different ones on one column leave NULL.
4. A hidden name is gone, whatever grants it; the largest floor of groups holds.
5. Metrics only, where every grant that applies is of metrics only. Beside grants of rows those of
   metrics alone stay what they are: a question is asked on the terms of the one or the other.
6. The least of each limit that is written holds, and the project's default of every other.
7. An attribute that is read and is missing, of another type or an empty list denies the relation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from auth.attributes import is_of
from auth.policy import (
    ColumnMask,
    Grant,
    On,
    Policy,
    PolicySet,
    RoleLimits,
    RowFilter,
)
from auth.principal import Attribute, Principal
from auth.rights import EVERYTHING, Names, RelationRights, Rights
from semantic_models.plan import GroupFloor


def decide(policies: PolicySet, principal: Principal) -> Rights:
    """What a principal may see."""
    if not policies.is_governed:
        return replace(EVERYTHING, limits=policies.limits) if policies.limits else EVERYTHING
    applied = [each for each in policies.policies if each.applies_to(principal.roles)]
    attributes = _sound(policies, principal)
    relations = {
        on: rights
        for on in dict.fromkeys(_governed(policies.policies))
        if not (rights := _relation(on, policies, principal, attributes)).is_plain
    }
    return Rights(
        names=_names([each.grant for each in applied if each.grant], is_open=policies.is_open),
        relations=relations,
        attributes=attributes,
        floor=_largest([each.floor for each in applied if each.floor]),
        limits=limits_of(policies, principal.roles),
        applied=tuple(each.name for each in applied),
        columns=policies.columns,
    )


def _governed(policies: Iterable[Policy]) -> Iterable[On]:
    for each in policies:
        if each.rows:
            yield each.rows.on
        yield from (mask.on for mask in each.masks)
        if each.hidden:
            yield each.hidden.on


def _relation(
    on: On,
    policies: PolicySet,
    principal: Principal,
    attributes: dict[str, Attribute],
) -> RelationRights:
    applied = [each for each in policies.policies if each.applies_to(principal.roles)]
    filters = [each.rows for each in applied if each.rows and each.rows.on == on]
    masks = [mask for each in applied for mask in each.masks if mask.on == on]
    hidden = [each.hidden.names for each in applied if each.hidden and each.hidden.on == on]
    readers: list[RowFilter | ColumnMask] = [*filters, *masks]
    read = {name for each in readers for name in each.attributes}
    written = [each.rows for each in policies.policies if each.rows and each.rows.on == on]
    return RelationRights(
        is_denied=not read <= attributes.keys(),
        is_left_out=not filters and any(each.otherwise == "deny" for each in written),
        filters=tuple(filters),
        masks=_one_each(masks),
        hidden=frozenset().union(*hidden),
    )


def _one_each(masks: Sequence[ColumnMask]) -> dict[str, ColumnMask]:
    found: dict[str, ColumnMask] = {}
    for each in masks:
        known = found.setdefault(each.column, each)
        if known.value != each.value:
            found[each.column] = each.as_null()
    return found


def _names(grants: Sequence[Grant], *, is_open: bool) -> Names:
    is_metrics_only = bool(grants) and all(each.is_metrics_only for each in grants)
    if not is_metrics_only and (is_open or any(each.every_model for each in grants)):
        return Names(are_all=True)
    named = _union_of(grants, is_metrics_only=is_metrics_only)
    of_groups = [each for each in grants if each.is_metrics_only]
    if is_metrics_only or not of_groups:
        return named
    of_rows = [each for each in grants if not each.is_metrics_only]
    apart = _union_of(of_rows), _union_of(of_groups, is_metrics_only=True)
    return replace(named, apart=apart)


def _union_of(grants: Sequence[Grant], *, is_metrics_only: bool = False) -> Names:
    return Names(
        models=_union(each.models for each in grants),
        metrics=_union(each.metrics for each in grants),
        members=frozenset().union(*(each.members for each in grants)),
        dimensions=_union(each.dimensions or frozenset() for each in grants),
        is_metrics_only=is_metrics_only,
    )


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def _largest(floors: Sequence[GroupFloor]) -> GroupFloor | None:
    return max(floors, key=lambda each: each.least, default=None)


def limits_of(policies: PolicySet, roles: frozenset[str]) -> RoleLimits | None:
    """How much a principal of these roles may take; None: as much as anybody."""
    if not policies.is_governed:
        return policies.limits
    least: dict[str, int] = {}
    for each in policies.policies:
        if each.applies_to(roles):
            for name, value in each.limits.items():
                least[name] = min(value, least.get(name, value))
    return replace(policies.limits or RoleLimits(), **least)


def _sound(policies: PolicySet, principal: Principal) -> dict[str, Attribute]:
    """The attributes of a principal that are what the project declares; others are not there."""
    return {
        name: value
        for name, value in principal.attributes
        if (declared := policies.attributes.get(name)) is not None and is_of(value, declared)
    }
