"""Random questions with totals, first members or earlier times."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.oracle.generate_readings import MONTHS, STEPS, is_of_months
from tests.oracle.language import Order, Project, Question, Top
from tests.oracle.leaves import leaves_of
from tests.oracle.times import GRAINS
from tests.oracle.told import parts_of

TOTALLED, RANKED, FURTHER = 0.05, 0.1, 0.14
"""How often a question of metrics has totals, those or first members, those or earlier times."""


def with_further(
    random: Random, project: Project, question: Question, metrics: list[str]
) -> Question:
    """The question, at times with a further key."""
    chance = random.random()
    if chance < TOTALLED:
        return _totalled(random, question)
    if chance < RANKED and question.dimensions:
        return _ranked(random, question, metrics)
    if chance < FURTHER and _is_timed(project, question):
        return _compared(random, project, question)
    return question


def _is_timed(project: Project, question: Question) -> bool:
    """Whether all that is asked for has times."""
    found = [leaf for each in question.metrics for leaf in leaves_of(project, parts_of(each))]
    return all(leaf.time(project) for leaf in found)


def _ranked(random: Random, question: Question, metrics: list[str]) -> Question:
    """With first members, of columns that are all written out."""
    orders = tuple(e for e in question.order_by if e.name in (*question.dimensions, *metrics))
    kept = replace(question, order_by=orders, top=_top(random, question, metrics))
    return kept if orders == question.order_by else replace(kept, limit=None, offset=None)


def _totalled(random: Random, question: Question) -> Question:
    """With totals, which no other column tells from groups of NULL."""
    named = [each for each in question.dimensions if each.rpartition(".")[2] in GRAINS]
    flags = [f"{each.replace('.', '__')}__total" for each in named]
    orders = tuple(Order(each, random.random() < 0.5) for each in flags)
    if random.random() < 0.6:
        orders = ()
    orders = (*orders, *question.order_by)
    return replace(question, totals=True, order_by=orders, limit=None, offset=None)


def _top(random: Random, question: Question, metrics: list[str]) -> Top:
    by = random.choice((*question.metrics, random.choice(metrics)))
    on = random.choice(question.dimensions) if random.random() < 0.6 else None
    return Top(by, random.choice((1, 1, 2, 3)), on, random.random() < 0.7)


def _compared(random: Random, project: Project, question: Question) -> Question:
    by_month = is_of_months(project, question.metrics)
    steps = [random.choice(MONTHS if by_month else (*STEPS, *MONTHS)) for _ in range(2)]
    found = replace(question, compare=tuple(dict.fromkeys(steps[: random.choice((1, 1, 2))])))
    ranged = any((question.start, question.end, question.last))
    if not ranged and random.random() < 0.8:
        start = random.choice(("2024-03", "2024-03-10", "2024-11", "2024-10-30"))
        end = random.choice(("2024", "2024-11", "2024-11-03", None))
        found = replace(found, start=start, end=end)
    if random.random() < 0.8 and found.on:
        found = replace(found, on=None)
    return found
