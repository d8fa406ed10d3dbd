"""The one state of models that an answer is built from."""

from __future__ import annotations

from dataclasses import dataclass, field

from auth.policy import NO_POLICIES, On, PolicySet
from auth.rights import Names, Rights
from auth.visible import visible
from semantic_models.catalog import Catalog
from semantic_models.plan import GroupFloor

VISIBLE_MAX = 64
"""How many parts of a catalog are remembered."""

_Told = tuple[Names, GroupFloor | None, frozenset[tuple[On, frozenset[str]]]]
"""All of somebody's rights that what they may know of is made of."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A catalog as it was loaded; a reload makes another one and never changes this."""

    catalog: Catalog
    policies: PolicySet = NO_POLICIES
    warnings: tuple[str, ...] = ()
    _visible: dict[_Told, Catalog] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )

    @property
    def version(self) -> str:
        """Differs whenever any definition or policy does."""
        return f"{self.catalog.version}{self.policies.version}"

    def visible_to(self, rights: Rights) -> Catalog:
        """The part of the catalog that rights tell of; made once for all who have the same."""
        hidden = frozenset((on, each.hidden) for on, each in rights.relations.items())
        told = rights.names, rights.floor, hidden
        found = self._visible.get(told)
        if found is None:
            found = visible(self.catalog, rights)
            if len(self._visible) >= VISIBLE_MAX:
                self._visible.clear()
            self._visible[told] = found
        return found
