"""Random questions of further kinds, by random numbers of their own, beside the others."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.oracle.generate_calendar_readings import (
    is_by_calendar,
    shifts_of,
    with_calendar_readings,
    with_repeated_days,
)
from tests.oracle.generate_existence import with_existence
from tests.oracle.generate_pairs import is_of_pairs, with_pairs
from tests.oracle.generate_questions import Questions
from tests.oracle.generate_readings import at_times
from tests.oracle.language import Project, Question

EXISTENCE, DENSE, CALENDARS, PAIRS = "existence", "dense", "calendars", "pairs"
KINDS: tuple[str, ...] = (EXISTENCE, DENSE, CALENDARS, PAIRS)
COMPARED = 0.25
"""How often a question by a calendar is compared with what that calls comparable."""


def with_kinds(seed: str, project: Project) -> Project:
    """The project with metrics that only further questions ask for."""
    known = with_pairs(Random(f"{seed}:pairs"), project)
    known = with_repeated_days(Random(f"{seed}:days"), known)
    return with_calendar_readings(Random(f"{seed}:calendars"), known)


class FurtherQuestions(Questions):
    """Questions to one project, each of a further kind."""

    kind = ""
    """That of the next question."""

    def __init__(self, seed: str, project: Project) -> None:
        super().__init__(Random(f"{seed}:kinds"), project)
        self.of_pairs = [each for each in project.metrics if is_of_pairs(project, each)]
        self.dated = [each for each in project.metrics if is_by_calendar(project, each)]

    def one(self) -> Question:
        """The next question."""
        lacking = {CALENDARS: not self.dated, PAIRS: not self.of_pairs}
        kinds = [each for each in KINDS if not lacking.get(each)]
        self.kind = self.random.choice(kinds or [EXISTENCE])
        if self.kind == EXISTENCE:
            return with_existence(self.random, self.project, super().one())
        if self.kind == CALENDARS and self.random.random() < COMPARED:
            return replace(self.of_metrics(), compare=shifts_of(self.project))
        question = self.of_metrics()
        return replace(question, is_dense=question.fill and self.kind == DENSE)

    def chosen(self) -> tuple[str, ...]:
        """The metrics of a question."""
        found = super().chosen()
        if self.kind == PAIRS:
            return tuple(dict.fromkeys((self.random.choice(self.of_pairs), *found[1:])))
        if self.kind != CALENDARS or self.random.random() < COMPARED:
            return found
        return tuple(dict.fromkeys((self.random.choice(self.dated), *found[1:])))

    def grouped_by(self, metrics: tuple[str, ...], homes: list[str]) -> tuple[str, ...]:
        """The dimensions of a question of some metrics: with times where these are filled up."""
        found = super().grouped_by(metrics, homes)
        is_timed = all(self.project.models[each].time for each in homes)
        if self.kind not in (DENSE, CALENDARS) or not is_timed:
            return found
        return at_times(self.random, self.project, found)

    def is_filled(self, dimensions: tuple[str, ...]) -> bool:
        """Whether a question asks for times without rows."""
        return self.kind == DENSE or super().is_filled(dimensions)
