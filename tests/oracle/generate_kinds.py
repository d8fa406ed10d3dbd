"""Random questions of further kinds, by random numbers of their own, beside the others."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.oracle.generate_existence import with_existence
from tests.oracle.generate_questions import Questions
from tests.oracle.generate_readings import at_times
from tests.oracle.language import Project, Question

EXISTENCE, DENSE = "existence", "dense"
KINDS: tuple[str, ...] = (EXISTENCE, DENSE)


class FurtherQuestions(Questions):
    """Questions to one project, each of a further kind."""

    kind = ""
    """That of the next question."""

    def __init__(self, seed: str, project: Project) -> None:
        super().__init__(Random(f"{seed}:kinds"), project)

    def one(self) -> Question:
        """The next question."""
        self.kind = self.random.choice(KINDS)
        if self.kind == EXISTENCE:
            return with_existence(self.random, self.project, super().one())
        question = self.of_metrics()
        return replace(question, is_dense=question.fill)

    def grouped_by(self, metrics: tuple[str, ...], homes: list[str]) -> tuple[str, ...]:
        """The dimensions of a question of some metrics: with times where these are filled up."""
        found = super().grouped_by(metrics, homes)
        is_timed = all(self.project.models[each].time for each in homes)
        if self.kind != DENSE or not is_timed:
            return found
        return at_times(self.random, self.project, found)

    def is_filled(self, dimensions: tuple[str, ...]) -> bool:
        """Whether a question asks for times without rows."""
        return self.kind == DENSE or super().is_filled(dimensions)
