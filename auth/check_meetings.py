"""Policies of which nobody may meet two: other masks of one column, other kinds of floor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from auth.errors import PolicyRejected
from auth.policy import ColumnMask, Policy
from semantic_models.catalog import Catalog
from semantic_models.model import Model, Table


def contradictions(policies: Iterable[Policy], catalog: Catalog) -> Iterator[PolicyRejected]:
    """A refusal of the later of each two that some set of roles meets both of."""
    made = tuple(policies)
    told: set[tuple[str, str]] = set()
    for model in catalog.models.values():
        masks = [(each, mask) for each in made for mask in each.masks if _is_on(mask, model)]
        for (one, first), (other, second) in combinations(masks, 2):
            is_told = (other.name, second.column) in told
            is_same = first.column != second.column or first.value == second.value
            if not is_told and not is_same and can_meet(one, other):
                told.add((other.name, second.column))
                yield _two_masks(one, other, second)
    floors = [each for each in made if each.floor is not None]
    for one, other in combinations(floors, 2):
        assert one.floor is not None
        assert other.floor is not None
        if one.floor.of != other.floor.of and can_meet(one, other):
            yield PolicyRejected(
                f'policies "{one.name}" and "{other.name}" count groups of different things',
                detail="Neither floor is the larger one for whoever meets both.",
                hint="Count the same, or write `unless` so that nobody meets both.",
                position=other.origin.position() if other.origin else None,
            )


def can_meet(one: Policy, other: Policy) -> bool:
    """Whether a principal of some set of roles meets both."""
    barred = one.unless | other.unless
    return all(each.roles is None or bool(each.roles - barred) for each in (one, other))


def _is_on(mask: ColumnMask, model: Model) -> bool:
    relation = model.relation
    is_table = isinstance(relation, Table) and mask.on.is_table(relation)
    return is_table or mask.on.model == model.name


def _two_masks(one: Policy, other: Policy, mask: ColumnMask) -> PolicyRejected:
    origin = mask.value.origin
    return PolicyRejected(
        f'policies "{one.name}" and "{other.name}" mask column "{mask.column}" differently',
        detail="Whoever meets both would see neither mask.",
        hint="Write the same mask, or `unless` so that nobody meets both.",
        position=origin.position() if origin else None,
    )
