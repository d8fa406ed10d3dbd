"""A plan and a principal to the plan that may be run."""

from __future__ import annotations

from auth.principal import Principal
from semantic_models.plan import GovernedPlan, Plan


def govern(plan: Plan, principal: Principal) -> GovernedPlan:
    """Make a plan safe for a principal: the only road from a plan to SQL.

    A project that declares policies does not load in this version, so whoever may ask may see
    every row, and the plan stays as it is.
    """
    assert principal.name, "every question has somebody who asks"
    return GovernedPlan(plan)
