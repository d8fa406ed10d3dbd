"""The one state of models that an answer is built from."""

from __future__ import annotations

from dataclasses import dataclass

from auth.policy import NO_POLICIES, PolicySet
from semantic_models.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A catalog as it was loaded; a reload makes another one and never changes this."""

    catalog: Catalog
    policies: PolicySet = NO_POLICIES
    warnings: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Differs whenever any definition or policy does."""
        return f"{self.catalog.version}{self.policies.version}"
