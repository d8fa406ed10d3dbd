"""Why the answer to a plan is right: homes, rows, joins, keys and choices, ready for JSON."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

from sqlglot import exp
from sqlglot.generator import Generator

from semantic_models.intrinsics import INTRINSICS
from semantic_models.make_plan import choices_of
from semantic_models.metric_predicates import VALUE, key_name
from semantic_models.model import Expr
from semantic_models.periods import SPINE
from semantic_models.plan import Choice, Plan
from semantic_models.presence import PRESENT
from semantic_models.resolved import (
    Axis,
    Branch,
    BranchMeasure,
    Conversions,
    Existence,
    MetricStep,
    NestedGroups,
    Periods,
    ResolvedQuery,
    Step,
)
from semantic_models.top_members import RANK

Proof = dict[str, object]
Names = Mapping[str, str]
"""What people call the columns of homes, by the names that plans have for them."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.:#]*")


def prove(resolved: ResolvedQuery, plan: Plan) -> Proof:
    """The plan choice of each home and what makes it safe; what is computed above them."""
    proof = _proof(resolved, plan.choices, {})
    told = repr(proof)
    named = {
        name: value for name, value in resolved.parameters.items() if f"param('{name}')" in told
    }
    return {**proof, "parameters": named} if named else proof


def _proof(resolved: ResolvedQuery, choices: Iterable[Choice], called: Names) -> Proof:
    grain = [called.get(key.name, key.name) for key in resolved.branches[0].keys]
    names = _names(resolved)
    proof: Proof = {
        "shape": resolved.shape,
        "grain": grain,
        "zone": resolved.zone,
        "branches": [
            _branch(branch, choice, names)
            for branch, choice in zip(resolved.branches, choices, strict=True)
        ],
    }
    if len(resolved.branches) > 1:
        proof["stitch"] = {"on": grain, "nulls": "NULL keys meet", "missing": "NULL"}
    if resolved.nested:
        proof["nested"] = [_nested(each, names) for each in resolved.nested]
    if resolved.totals:
        proof["totals"] = [_proof(each, choices_of(each), names) for each in resolved.totals]
    if resolved.filling is not None:
        proof["filled"] = _periods(resolved.filling.periods)
    return proof | _above(resolved, names, called)


def _names(resolved: ResolvedQuery) -> Names:
    """One name for each column of the homes; those that count one measure twice are numbered."""
    names: dict[str, str] = {}
    for branch in resolved.branches:
        for use in branch.measures:
            name = f"{use.measure.model}.{use.measure.name}"
            names[use.name] = _unlike(name, names.values())
        names |= {f"{step.path[0]}.{RANK}": _place(step) for step in branch.metrics if step.ranks}
        names |= {f"{step.path[0]}.{VALUE}": str(step.called) for step in branch.metrics}
    for each in resolved.nested:
        names[each.name] = _unlike("scope", names.values())
    for window in resolved.windows:
        names[window.name] = _unlike("rank", names.values())
    return names


def _place(step: MetricStep) -> str:
    return f"place by {step.called.metric}"


def _unlike(name: str, taken: Iterable[str]) -> str:
    used = set(taken)
    numbered = (f"{name}#{number}" for number in itertools.count(2))
    return name if name not in used else next(each for each in numbered if each not in used)


def _branch(branch: Branch, choice: Choice | None, names: Names) -> Proof:
    where = (branch.home.where,) if branch.home.where is not None else ()
    told: Proof = {
        "home": branch.home.name,
        "home_key": list(branch.home.key),
        "plan": choice,
        "metric_time": branch.time,
        "measures": [_measure(each, names) for each in branch.measures if each.name != PRESENT],
        "joins": [_step(step) for step in branch.steps],
        "always": _texts(where),
        "filters": _texts(branch.filters, names),
        "exists": [_existence(each) for each in branch.existences],
    }
    if branch.metrics:
        told["looked_up"] = [_looked_up(each, names) for each in branch.metrics]
    if branch.axis is not None:
        told["times"] = _axis(branch.axis)
    if branch.one_time is not None:
        told["one_time"] = {
            "time": branch.one_time.name,
            "which": "last" if branch.one_time.last else "first",
            "per": _texts(branch.one_time.per),
        }
    if branch.conversions is not None:
        told["conversions"] = _conversions(branch.conversions, names)
    return told


def _measure(use: BranchMeasure, names: Names) -> Proof:
    measure = use.measure
    own = (measure.where,) if measure.where is not None else ()
    return {
        "name": f"{measure.model}.{measure.name}",
        "as": names[use.name],
        "expr": text_of(measure.expr),
        "where": _texts((*own, *use.filters), names),
    }


def _looked_up(step: MetricStep, names: Names) -> Proof:
    """A metric of other groups, whose rows the home's meet."""
    inner = {VALUE: step.called.metric, **_called_keys(step)}
    told: Proof = {"first": step.ranks, "by": step.called.metric} if step.ranks else {}
    return {
        "value": _place(step) if step.ranks else str(step.called),
        **told,
        "on": [
            f"{text_of(own, names)} = {key}"
            for (own, _), key in zip(step.on, step.called.keys, strict=True)
        ],
        "proof": _proof(step.inner, choices_of(step.inner), inner),
    }


def _called_keys(step: MetricStep) -> Names:
    return {key_name(number): each for number, each in enumerate(step.called.keys)}


def _step(step: Step) -> Proof:
    valid = {"valid": list(step.join.valid)} if step.join.valid else {}
    return {
        "path": ".".join(map(_join_name, step.path)),
        "from": step.join.source,
        "to": step.target.name,
        "cardinality": step.join.cardinality.value,
        "on": [
            *(f"{left} = {right}" for left, right in step.join.columns),
            *_texts(step.join.conditions),
            *_texts(step.predicates),
        ],
        "key": list(step.join.key),
        **valid,
        "always": _texts((step.target.where,) if step.target.where is not None else ()),
    }


def _existence(existence: Existence) -> Proof:
    return {
        **_step(existence.first),
        "joins": [_step(each) for each in existence.steps],
        "predicates": _texts(existence.predicates),
        **({"none": True} if existence.is_none else {}),
    }


def _axis(axis: Axis) -> Proof:
    return {
        **_periods(axis.periods),
        "counts": _texts(axis.predicates),
        "regrain": axis.regrain,
    }


def _periods(periods: Periods) -> Proof:
    spine = ".".join(periods.spine.table.parts) if periods.spine is not None else None
    return {"grain": periods.grain.value, "spine": spine}


def _conversions(conversions: Conversions, names: Names) -> Proof:
    return {
        "of": _branch(conversions.branch, None, names),
        "equal": [f"{text_of(base)} = {text_of(own)}" for base, own in conversions.equal],
        "within": str(conversions.within) if conversions.within is not None else None,
    }


def _nested(nested: NestedGroups, names: Names) -> Proof:
    return {
        "as": names[nested.name],
        "aggregate": nested.aggregate,
        "on": [key.name for key in nested.keys],
        "proof": _proof(nested.inner, choices_of(nested.inner), names),
    }


def _is_formula(expr: Expr, resolved: ResolvedQuery) -> bool:
    """Whether a column is more than a grouped dimension or a measure as it is."""
    ranks = {each.name for each in resolved.windows}
    return not isinstance(expr.tree, exp.Column) or expr.tree.name in ranks


def _above(resolved: ResolvedQuery, names: Names, called: Names) -> Proof:
    """What is computed of the homes' columns, where there is such."""
    parts: Proof = {}
    if resolved.shape == "aggregate":
        parts["ranks"] = {names[each.name]: text_of(each.expr, names) for each in resolved.windows}
        parts["formulas"] = {
            called.get(each.name, each.name): text_of(each.expr, names)
            for each in resolved.computed
            if _is_formula(each.expr, resolved)
        }
    parts["having"] = _texts(resolved.having, names)
    parts["order"] = [
        text_of(key.expr, names) + (" descending" if key.descending else "")
        for key in resolved.order
    ]
    told = {key: value for key, value in parts.items() if value}
    if resolved.limit is not None or resolved.offset:
        told["rows"] = {"limit": resolved.limit, "offset": resolved.offset}
    return told


def _texts(exprs: Iterable[Expr], names: Names | None = None) -> list[str]:
    return [text_of(each, names) for each in exprs]


class _Words(Generator):
    """SQL as people read it: join paths with dots, quotes only where they are needed."""

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names

    def column_sql(self, expression: exp.Column) -> str:
        known = self._names.get(expression.name) if not expression.table else None
        if known is not None:
            return known
        name = self._names.get(f"{expression.table}.{expression.name}")
        if name is not None:
            return name
        name = _word(expression.name)
        if (expression.table,) == SPINE:
            return f"answer.{name}"
        path = ".".join(map(_join_name, expression.table.split(".")))
        return f"{_word(path)}.{name}" if path else name

    def anonymous_sql(self, expression: exp.Anonymous) -> str:
        call = expression.name
        if call not in INTRINSICS:
            return super().anonymous_sql(expression)
        arguments = ", ".join(map(self.sql, expression.expressions))
        return f"{call.removeprefix('sl_')}({arguments})"


def _join_name(name: str) -> str:
    """A join as people know it; one that is walked backwards by the model it leads to."""
    return name.partition(":")[0]


def _word(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else exp.to_identifier(name, quoted=True).sql()


def text_of(expr: Expr, names: Names | None = None) -> str:
    """An expression as people read it."""
    return _Words(names or {}).generate(expr.tree)
