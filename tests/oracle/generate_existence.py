"""Random predicates that ask whether rows exist behind a path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from tests.oracle.generate_members import TIMES, atom, names_from
from tests.oracle.language import Call, Existing, Expr, Name, Parts, Project, Question
from tests.oracle.leaves import leaves_of
from tests.oracle.paths import Reference
from tests.oracle.rows import Rows
from tests.oracle.told import parts_of

MET_ONCE = 0.03
"""How often a path is asked for that leads to one row."""
CLOSED = 0.1
"""How often a path is asked for that other homes may have no way to."""
Named = tuple[Parts, Reference]


def with_existence(random: Random, project: Project, question: Question) -> Question:
    """The question where rows exist, or none, as far as there are any behind its homes."""
    if not question.metrics and question.source is None:
        return question  # what is listed is to be found by its dimensions
    homes = _homes(project, question)
    found = [_one(random, project, homes) for _ in range(random.choice((1, 1, 2)))]
    made = [each for each in found if each is not None]
    if len(made) > 1 and random.random() < 0.5:
        made = [Call("and", tuple(made))]
    return replace(question, where=(*question.where, *made))


def _homes(project: Project, question: Question) -> list[str]:
    if not question.metrics:
        return [question.source or parts_of(question.dimensions[0])[0]]
    leaves = (leaf for each in question.metrics for leaf in leaves_of(project, parts_of(each)))
    return sorted({leaf.home for leaf in leaves})


def _one(random: Random, project: Project, homes: list[str]) -> Expr | None:
    rows, is_met_once = Rows(project, "UTC"), random.random() < MET_ONCE
    by_path: dict[Parts, list[Named]] = {}
    for parts, each in _shared(random, project, homes):
        if each.steps and (each.many is None) == is_met_once and not each.dimension.is_segment:
            for path in _paths(parts):
                by_path.setdefault(path, []).append((parts, each))
    if not by_path:
        return None
    path = random.choice(list(by_path))
    one, other = (_atom(random, rows, *random.choice(by_path[path])) for _ in range(2))
    chance = random.random()
    if chance < 0.4:
        one = Call("and" if chance < 0.3 else "or", (one, other))
    return Existing(path, one, random.random() < 0.7)


def _shared(random: Random, project: Project, homes: list[str]) -> list[Named]:
    """Names that can be read from one home and, for the most part, from all others."""
    first, *others = random.sample(homes, len(homes))
    found = names_from(project, first)
    if random.random() < CLOSED:
        return found
    beside = [{parts: each.many is None for parts, each in names_from(project, e)} for e in others]
    return [
        (parts, each)
        for parts, each in found
        if all(known.get(parts) == (each.many is None) for known in beside)
    ]


def _paths(parts: Parts) -> Iterator[Parts]:
    """The joins that a name begins with: the first of them, and all."""
    yield from dict.fromkeys((parts[:1], parts[:-1]))


def _atom(random: Random, rows: Rows, parts: Parts, reference: Reference) -> Expr:
    type_ = rows.type_of(reference)
    if type_ in TIMES and random.random() < 0.3:
        return atom(random, Name((*parts, random.choice(("month", "year")))), type_)
    return atom(random, Name(parts), type_)
