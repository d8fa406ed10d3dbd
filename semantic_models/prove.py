"""Why the answer to a plan is right: homes, grains, keys and cardinalities, ready for JSON."""

from __future__ import annotations

from semantic_models.plan import Choice, Plan
from semantic_models.presence import PRESENT
from semantic_models.resolved import Branch, Existence, ResolvedQuery, Step

Proof = dict[str, object]


def prove(resolved: ResolvedQuery, plan: Plan) -> Proof:
    """The plan choice of each home and what makes it safe."""
    branches = list(map(_branch, resolved.branches, plan.choices))
    proof: Proof = {
        "shape": resolved.shape,
        "grain": [key.name for key in resolved.branches[0].keys],
        "zone": resolved.zone,
        "branches": branches,
    }
    if len(branches) > 1:
        proof["stitch"] = {
            "on": [key.name for key in resolved.branches[0].keys],
            "nulls": "NULL keys meet",
            "missing": "NULL",
        }
    return proof


def _branch(branch: Branch, choice: Choice) -> Proof:
    return {
        "home": branch.home.name,
        "home_key": list(branch.home.key),
        "plan": choice,
        "metric_time": branch.time,
        "measures": [
            f"{each.measure.model}.{each.measure.name}"
            for each in branch.measures
            if each.name != PRESENT
        ],
        "joins": [_step(step) for step in branch.steps],
        "exists": [_existence(each) for each in branch.existences],
    }


def _step(step: Step) -> Proof:
    return {
        "path": ".".join(step.path),
        "to": step.target.name,
        "cardinality": step.join.cardinality.value,
        "on": [f"{left} = {right}" for left, right in step.join.columns],
        "key": list(step.join.key),
    }


def _existence(existence: Existence) -> Proof:
    return {
        **_step(existence.first),
        "predicates": len(existence.predicates),
    }
