"""Ask random questions under a least group, and tell where an answer is not the one by hand.

The rows of each cell are counted by the oracle, as measures beside those that are asked for; what
is made of too few is taken out of the oracle's own answer.

N=2000 SEED=0 python -m tests.security.groups
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from tests.oracle.compare import CLOCK, asked, same_rows, world_of
from tests.oracle.evaluate import evaluate
from tests.oracle.generate_kinds import FurtherQuestions, with_kinds
from tests.oracle.generate_models import generate_project
from tests.oracle.generate_questions import Questions
from tests.oracle.language import (
    Aggregate,
    Call,
    Expr,
    Measure,
    Metric,
    Model,
    Project,
    Question,
)
from tests.oracle.leaves import Group
from tests.oracle.paths import Refused
from tests.oracle.spell import document_of, tables_of
from tests.oracle.told import Told
from tests.security.worlds import ANN, policies_of
from tests.support.models import opened

QUESTIONS_A_PROJECT = 24
FILLED_SHARE = 0.5
"""How many of the questions ask for the measures with a number in place of NULL too."""
REFUSED = "SL412"
_ROWS = "_rows"
_FILLED = "_filled"
"""What stands after the name of a metric that has a number in place of NULL."""
_OF_MANY = ("sum", "count", "count distinct", "avg", "stddev", "count_if")


@dataclass
class Found:
    """What became of the questions of a project."""

    answered: int = 0
    cut: int = 0
    """Answers that lack cells or groups."""
    refused: int = 0
    differing: list[str] | None = None

    @property
    def differences(self) -> list[str]:
        """The questions whose answer is another one."""
        return self.differing or []


def ask_groups(seed: str, least: int) -> Found:
    """Ask about a random project as somebody who sees no smaller group."""
    random = Random(seed)
    project = _counted(generate_project(random))
    text = f"version: 1\npolicies:\n  all: {{grant: {{models: all}}, min_group: {least}}}\n"
    made = world_of(project)
    seen = made.seen_by(ANN, policies_of(project, text, made))
    questions, found = Questions(random, project), Found()
    for _ in range(QUESTIONS_A_PROJECT):
        question = _of_measures(random, project, questions.one())
        if question is None:
            continue
        told = _by_hand(project, question)
        given = asked(seen, question)
        if told is None or given.code == REFUSED:
            found.refused += given.code == REFUSED
            continue
        wanted = _held(told, question, least)
        found.answered += 1
        found.cut += wanted != [_without_counts(told, question, row) for row in told.rows]
        if given.code or not same_rows(given.rows, wanted):
            shown = "\n".join(map(str, wanted))
            text = f"{document_of(question)}\n{given}\n-- by hand\n{shown}"
            found.differing = [*found.differences, text]
    made.connection.close()
    return found


def ask_of_nothing(seed: str) -> tuple[int, list[str]]:
    """Ask any question under a group that no rows make up, and the same where there are none.

    How many were answered, and those whose answers differ: they tell of some row.
    """
    random = Random(seed)
    project = generate_project(random)
    known = with_kinds(seed, project)
    text = "version: 1\npolicies:\n  all: {grant: {models: all}, min_group: 1000000}\n"
    made = world_of(known)
    seen = made.seen_by(ANN, policies_of(known, text, made))
    models = {name: replace(each, rows=[]) for name, each in known.models.items()}
    nothing = replace(seen, connection=opened(tables_of(replace(known, models=models))))
    answered, found = 0, []
    asking = (Questions(random, project), FurtherQuestions(seed, known))
    for number in range(QUESTIONS_A_PROJECT):
        question = asking[number % 2].one()
        given, wanted = asked(seen, question), asked(nothing, question)
        answered += not given.code
        if given != wanted:
            found.append(f"{document_of(question)}\n{given}\n-- of nothing\n{wanted}")
    return answered, found


def _counted(project: Project) -> Project:
    """The project with a count of the rows of each measure that is one aggregate."""
    models = {name: _with_counts(model) for name, model in project.models.items()}
    filled = {
        name: Metric(name=name, of=measure, fill=7)
        for measure in _counted_measures(replace(project, models=models))
        for name in [_filled(measure)]
    }
    return replace(project, models=models, metrics={**project.metrics, **filled})


def _filled(measure: str) -> str:
    return f"{measure.replace('.', '_')}{_FILLED}"


def _counted_measures(project: Project) -> list[str]:
    return [
        f"{model.name}.{name.removesuffix(_ROWS)}"
        for model in project.models.values()
        for name in model.measures
        if name.endswith(_ROWS)
    ]


def _with_counts(model: Model) -> Model:
    counts = {
        f"{each.name}{_ROWS}": _count(each, each.expr)
        for each in model.measures.values()
        if isinstance(each.expr, Aggregate) and each.expr.function in _OF_MANY and not each.edge
    }
    return replace(model, measures={**model.measures, **counts})


def _count(measure: Measure, made: Aggregate) -> Measure:
    parts = [measure.where, made.where]
    parts += [made.argument] if made.function == "count_if" else []
    narrowed = [each for each in parts if each is not None]
    where: Expr | None = narrowed[0] if narrowed else None
    for each in narrowed[1:]:
        assert where is not None
        where = Call("and", (where, each))
    name = f"{measure.name}{_ROWS}"
    return replace(measure, name=name, expr=Aggregate("count", None), where=where)


def _of_measures(random: Random, project: Project, question: Question) -> Question | None:
    """The question of measures whose rows are counted, and all that is no question of groups."""
    names = _counted_measures(project)
    if not names or question.fields or question.ago or not (question.dimensions):
        return None
    metrics = random.sample(names, min(len(names), random.choice((1, 1, 2))))
    if random.random() < FILLED_SHARE:
        metrics = [*metrics, *map(_filled, metrics)]
    plain = Question(metrics=tuple(metrics))
    kept = ("dimensions", "where", "on", "start", "end", "last", "zone", "compare", "params")
    return replace(plain, **{each: getattr(question, each) for each in kept})


def _by_hand(project: Project, question: Question) -> Told | None:
    counts = tuple(f"{each}{_ROWS}" for each in _measures(question))
    try:
        return evaluate(project, replace(question, metrics=(*question.metrics, *counts)), CLOCK)
    except Refused:
        return None


def _measures(question: Question) -> list[str]:
    return [each for each in question.metrics if not each.endswith(_FILLED)]


def _cells(told: Told, question: Question) -> Mapping[int, int]:
    """The place of the count of each cell, by the cell's own."""
    found = {}
    for each in _measures(question):
        base = each.replace(".", "__")
        for place, name in enumerate(told.names):
            own = next((it for it in (_filled(each), base) if name.startswith(it)), name)
            suffix = name.removeprefix(own)
            if own == name and name not in (base, _filled(each)):
                continue
            if not suffix or suffix.startswith("__"):
                found[place] = told.names.index(f"{base}{_ROWS}{suffix}")
    return found


def _held(told: Told, question: Question, least: int) -> list[Group]:
    """The rows without what is made of too little."""
    return list(_told_rows(told, question, least))


def _told_rows(told: Told, question: Question, least: int) -> Iterator[Group]:
    cells = _cells(told, question)
    for row in told.rows:
        few = {place for place, count in cells.items() if (row[count] or 0) < least}
        if question.dimensions and few == set(cells):
            continue
        held = tuple(None if place in few else value for place, value in enumerate(row))
        yield _without_counts(told, question, held)


def _without_counts(told: Told, question: Question, row: Group) -> Group:
    counts = set(_cells(told, question).values())
    return tuple(value for place, value in enumerate(row) if place not in counts)


def main() -> int:
    """Ask as many as ``N`` says, from ``SEED`` on."""
    wanted, seed = int(os.environ.get("N", "2000")), os.environ.get("SEED", "0")
    answered, cut, refused, differing, number = 0, 0, 0, 0, 0
    while answered < wanted:
        found = ask_groups(f"{seed}:{number}", 2 + number % 2)
        for each in found.differences:
            sys.stdout.write(f"===== {seed}:{number}\n{each}\n")
        answered, cut = answered + found.answered, cut + found.cut
        refused, differing = refused + found.refused, differing + len(found.differences)
        number += 1
    sys.stdout.write(f"{answered} answered, {cut} cut, {refused} refused, {differing} differ\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
