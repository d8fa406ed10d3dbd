"""Random questions of further kinds, by random numbers of their own, beside the others."""

from __future__ import annotations

from random import Random

from tests.oracle.generate_existence import with_existence
from tests.oracle.generate_questions import Questions
from tests.oracle.language import Project, Question

EXISTENCE = "existence"
KINDS: tuple[str, ...] = (EXISTENCE,)


class FurtherQuestions(Questions):
    """Questions to one project, each of a further kind."""

    def __init__(self, seed: str, project: Project) -> None:
        super().__init__(Random(f"{seed}:kinds"), project)

    def one(self) -> Question:
        """The next question."""
        return self._of_kind(self.random.choice(KINDS))

    def _of_kind(self, kind: str) -> Question:
        assert kind in KINDS, kind
        question = super().one()
        return with_existence(self.random, self.project, question)
