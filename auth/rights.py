"""What one principal may see, once all policies are composed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auth.policy import ColumnMask, On, RoleLimits, RowFilter
from auth.principal import Attribute
from semantic_models.plan import GroupFloor


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationRights:
    """What may be seen of one model, or of one table wherever it is read."""

    is_denied: bool = False
    """Whether no row of it may be seen, whatever else applies."""
    is_left_out: bool = False
    """Whether it has filters that are for others only: then no row of it may be seen."""
    filters: tuple[RowFilter, ...] = ()
    """Those that apply."""
    masks: Mapping[str, ColumnMask] = field(default_factory=dict)
    """By column; one that is NULL where two of them differ."""
    hidden: frozenset[str] = frozenset()

    @property
    def is_plain(self) -> bool:
        """Whether all of it may be seen."""
        return self == RelationRights()

    @property
    def is_empty(self) -> bool:
        """Whether no row of it may be seen."""
        return self.is_denied or self.is_left_out

    @property
    def alternatives(self) -> tuple[tuple[RowFilter, ...], ...]:
        """Every one of these must hold, each by any of its filters.

        A name is of one model or one table: no filter of a model stands in for one of its table.
        """
        alone = [(each,) for each in self.filters if not each.any_of]
        named: dict[tuple[On, str], tuple[RowFilter, ...]] = {}
        for each in self.filters:
            if each.any_of:
                named[each.on, each.any_of] = (*named.get((each.on, each.any_of), ()), each)
        return (*alone, *named.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names that may be used."""

    are_all: bool = False
    """Every name that is not hidden."""
    models: frozenset[str] = frozenset()
    """Models all of whose names may be used."""
    metrics: frozenset[str] = frozenset()
    members: frozenset[tuple[str, str]] = frozenset()
    dimensions: frozenset[str] = frozenset()
    """Those that metrics may be grouped by and filtered by equality, where rows may not be seen."""
    is_metrics_only: bool = False
    apart: tuple[Names, Names] | None = None
    """Those of grants of rows and of grants of metrics alone, where there are both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What one principal may name, and which rows and values it sees of what it names."""

    names: Names = Names(are_all=True)
    relations: Mapping[On, RelationRights] = field(default_factory=dict)
    """Those of which not all may be seen."""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    floor: GroupFloor | None = None
    limits: RoleLimits | None = None
    """How much may be taken; None: as much as anybody."""
    applied: tuple[str, ...] = ()
    """The names of the policies that apply, in the project's order."""
    columns: Mapping[On, tuple[str, ...]] = field(default_factory=dict)
    """The columns of each table that policies are on."""

    @property
    def sees_rows(self) -> bool:
        """Whether more than groups may be seen."""
        return not self.names.is_metrics_only and self.floor is None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is kept from the principal."""
        return self.names.are_all and not self.relations and self.floor is None


EVERYTHING = Rights()


def both(one: RelationRights, other: RelationRights) -> RelationRights:
    """What two policies leave of the same relation: one on a model, one on its table."""
    masks = dict(one.masks)
    for name, mask in other.masks.items():
        known = masks.setdefault(name, mask)
        if known.value != mask.value:
            masks[name] = mask.as_null()
    return RelationRights(
        is_denied=one.is_denied or other.is_denied,
        is_left_out=one.is_left_out or other.is_left_out,
        filters=(*one.filters, *other.filters),
        masks=masks,
        hidden=one.hidden | other.hidden,
    )
