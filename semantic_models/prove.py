"""Why the answer to a plan is right: homes, grains, keys and cardinalities, ready for JSON."""

from __future__ import annotations

from semantic_models.aggregate_then_join import can_aggregate_first
from semantic_models.presence import PRESENT
from semantic_models.resolved import Branch, Existence, ResolvedQuery, Step

Proof = dict[str, object]


def prove(resolved: ResolvedQuery) -> Proof:
    """The plan choice of each home and what makes it safe."""
    branches = [_branch(branch, resolved.shape) for branch in resolved.branches]
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


def _branch(branch: Branch, shape: str) -> Proof:
    return {
        "home": branch.home.name,
        "home_key": list(branch.home.key),
        "plan": plan_choice(branch, shape),
        "metric_time": branch.time,
        "measures": [
            f"{each.measure.model}.{each.measure.name}"
            for each in branch.measures
            if each.name != PRESENT
        ],
        "joins": [_step(step) for step in branch.steps],
        "exists": [_existence(each) for each in branch.existences],
    }


def plan_choice(branch: Branch, shape: str) -> str:
    """Which of the safe plans a home takes."""
    if shape == "rows":
        return "rows"
    if shape == "values":
        return "distinct values"
    if branch.fan_out is not None:
        return "distinct home keys, then aggregate"
    return "aggregate, then join" if can_aggregate_first(branch) else "direct"


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
