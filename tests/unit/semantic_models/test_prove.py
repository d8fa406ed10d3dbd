"""What a proof tells of a plan."""

from __future__ import annotations

from dataclasses import replace

from semantic_models.make_plan import make_plan
from semantic_models.prove import prove
from tests.support.models import the_shop

QUESTION = {"metrics": ["orders"], "dimensions": ["customer.name"], "order_by": ["-visits"]}


def test_the_proof_tells_how_the_plan_computes_each_home() -> None:
    resolved = the_shop().resolve(QUESTION)
    plan = make_plan(resolved)

    assert plan.choices == ("aggregate, then join", "aggregate, then join")
    assert told(the_shop().prove(QUESTION), "plan") == [*plan.choices]
    assert told(prove(resolved, replace(plan, choices=("direct", "direct"))), "plan") == [
        "direct",
        "direct",
    ]


def told(proof: dict[str, object], key: str) -> list[object]:
    """One thing that is told of each home."""
    branches = proof["branches"]
    assert isinstance(branches, list)
    return [each[key] for each in branches]
