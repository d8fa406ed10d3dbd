"""A compiler that is wrong is found out within a bounded number of questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlglot import exp

import dialects.generate as generator
import semantic_models.make_plan as planner
import semantic_models.resolve_aggregate as aggregates
import semantic_models.resolve_branch as branches
from semantic_models import build_retention, funnels, matching, nested_queries, ranks, top_members
from semantic_models.metric_predicates import Called
from semantic_models.model import Expr, Join
from semantic_models.plan import Aggregate, Choice, LogicalPlan
from semantic_models.plan_measures import measure_output
from semantic_models.resolved import Branch, Conversions, ResolvedQuery
from tests.oracle import compare as oracle
from tests.oracle import (
    generate_funnels,
    generate_further,
    generate_questions,
    plants_of_kinds,
    plants_of_times,
)
from tests.oracle.compare import Difference, compare, world_of
from tests.oracle.fuzz import ask_project, seeds

QUESTIONS_MAX = 2_600
SEEDS = seeds("bugs", QUESTIONS_MAX)

Plant = Callable[[pytest.MonkeyPatch], None]


def drop_orphans(patch: pytest.MonkeyPatch) -> None:
    """Rows without a partner are lost: INNER in place of LEFT."""
    right = generator._Generator._join

    def wrong(self: Any, plan: Any) -> Any:
        block = right(self, plan)
        block.joins[-1].set("side", None)
        return block

    patch.setattr(generator._Generator, "_join", wrong)


def forget_a_filter(patch: pytest.MonkeyPatch) -> None:
    """Only the first of several homes keeps the question's predicates."""
    right = planner._aggregates

    def wrong(resolved: ResolvedQuery, choices: Sequence[Choice]) -> LogicalPlan:
        first, *others = resolved.branches
        bare = tuple(replace(each, filters=()) for each in others)
        return right(replace(resolved, branches=(first, *bare)), choices)

    patch.setattr(planner, "_aggregates", wrong)


def count_twice(patch: pytest.MonkeyPatch) -> None:
    """Rows that a one-to-many join repeats are not made distinct."""

    def wrong(branch: Branch, rows: LogicalPlan) -> LogicalPlan:
        measures = tuple(measure_output(each, branch) for each in branch.measures)
        return Aggregate(rows, branch.keys, measures)

    patch.setattr(planner, "_distinct_keys", wrong)


def keep_every_filter(patch: pytest.MonkeyPatch) -> None:
    """A metric with predicates of its own is computed under the question's all the same."""
    patch.setattr(generate_questions, "SCOPES", 0.9)
    patch.setattr(nested_queries, "_holds", lambda *_: True)


def rank_all_together(patch: pytest.MonkeyPatch) -> None:
    """Ranks within a dimension are over all groups."""
    patch.setattr(generate_questions, "SCOPES", 0.9)

    def wrong(asked: Any, ranked: Any, _: Any) -> Any:
        return right(asked, ranked, ())

    right = ranks._rank
    patch.setattr(ranks, "_rank", wrong)


def fill_nothing_up(patch: pytest.MonkeyPatch) -> None:
    """Times without rows are not told."""
    patch.setattr(planner, "_filled", lambda plan, _: plan)


def count_twice_behind_bridges(patch: pytest.MonkeyPatch) -> None:
    """Rows that the second step of a bridge repeats are not made distinct."""
    right = planner._distinct_keys

    def wrong(branch: Branch, rows: LogicalPlan) -> LogicalPlan:
        if all(len(step.path) == 1 for step in branch.steps):
            return right(branch, rows)
        measures = tuple(measure_output(each, branch) for each in branch.measures)
        return Aggregate(rows, branch.keys, measures)

    patch.setattr(planner, "_distinct_keys", wrong)


def meet_no_group(patch: pytest.MonkeyPatch) -> None:
    """A metric in a predicate has a value for no row."""
    patch.setattr(generate_questions, "ASKED", 0.6)
    right = Called.query
    patch.setattr(Called, "query", lambda called, **how: replace(right(called, **how), limit=0))


def forget_the_grand_total(patch: pytest.MonkeyPatch) -> None:
    """Totals are told down to one dimension, and not to none."""
    right = planner._with_totals

    def wrong(groups: LogicalPlan, resolved: ResolvedQuery) -> LogicalPlan:
        return right(groups, replace(resolved, totals=resolved.totals[:-1]))

    patch.setattr(planner, "_with_totals", wrong)


def rank_one_too_many(patch: pytest.MonkeyPatch) -> None:
    """One member more than asked for is among the first."""
    patch.setattr(generate_further, "RANKED", 0.6)
    right = top_members._count
    patch.setattr(top_members, "_count", lambda top: right(replace(top, count=top.count + 1)))


def compare_with_now(patch: pytest.MonkeyPatch) -> None:
    """What is compared with an earlier time is told as of now."""
    patch.setattr(aggregates, "earlier", lambda metric, *_, **__: metric)


def include_the_earliest(patch: pytest.MonkeyPatch) -> None:
    """A conversion may come just as long after its base as is excluded."""
    patch.setattr(generate_funnels, "EXACT", 0.9)
    right = funnels._matches

    def wrong(conversions: Conversions) -> list[Expr]:
        found = [each.tree for each in right(conversions)]
        return [Expr(exp.GTE(**each.args) if isinstance(each, exp.GT) else each) for each in found]

    patch.setattr(funnels, "_matches", wrong)


def hold_nothing(patch: pytest.MonkeyPatch) -> None:
    """Of what both sides of a funnel must have alike only the first is compared."""
    patch.setattr(generate_funnels, "EXACT", 0.9)
    right = funnels._matches

    def wrong(conversions: Conversions) -> list[Expr]:
        return right(replace(conversions, equal=conversions.equal[:1]))

    patch.setattr(funnels, "_matches", wrong)


def forget_the_end_of_a_version(patch: pytest.MonkeyPatch) -> None:
    """A version is valid when the next one has begun, too."""
    right = matching.is_valid
    patch.setattr(branches, "is_valid", lambda *args: right(*args)[:1])


def meet_every_partition(patch: pytest.MonkeyPatch) -> None:
    """Rows of other partitions are met too."""
    patch.setattr(branches, "same_partition", lambda *_: ())


def forget_conditions(patch: pytest.MonkeyPatch) -> None:
    """Of several conditions of a join only the first is looked at."""
    right = branches.BranchResolver._matching

    def wrong(resolver: Any, join: Join, *args: Any) -> tuple[Expr, ...]:
        return right(resolver, replace(join, conditions=join.conditions[:1]), *args)

    patch.setattr(branches.BranchResolver, "_matching", wrong)


def count_who_is_active_at_last(patch: pytest.MonkeyPatch) -> None:
    """Who is active again counts however late that is."""
    patch.setattr(generate_questions, "COHORTS", 0.6)
    right = build_retention._again
    patch.setattr(build_retention, "_again", lambda *args: right(*args).split(" and ")[0])


PLANTS = [
    *(drop_orphans, forget_a_filter, count_twice, keep_every_filter, rank_all_together),
    *(fill_nothing_up, count_twice_behind_bridges, meet_no_group, forget_the_grand_total),
    *(rank_one_too_many, compare_with_now, include_the_earliest, hold_nothing),
    *(forget_the_end_of_a_version, meet_every_partition, forget_conditions),
    count_who_is_active_at_last,
    *plants_of_times.PLANTS,
    *plants_of_kinds.PLANTS,
]


def first_difference(plant: Plant, seeds: Iterable[str]) -> Difference | None:
    """The first question that a planted bug makes the compiler answer wrong."""
    return next((each for seed in seeds for each in _made_by(plant, seed)), None)


def _made_by(plant: Plant, seed: str) -> Iterator[Difference]:
    """The differences of a project that are not there without the bug."""
    is_of_kinds = plant in plants_of_kinds.PLANTS
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        found = (ask_project(seed, 0) if is_of_kinds else ask_project(seed)).differences
    for each in found:
        made = world_of(each.project)
        without = compare(made, each.project, each.question).difference
        made.connection.close()
        if without is None:
            yield each


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_bug_is_found(plant: Plant) -> None:
    found = first_difference(plant, SEEDS)

    assert found is not None
    assert found.reason in ("rows", "refusal")


def test_a_difference_that_is_there_without_the_bug_does_not_find_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(oracle, "same_rows", lambda *_: False)

    assert ask_project(SEEDS[0]).differences
    assert first_difference(lambda _: None, SEEDS[:1]) is None
