"""Random questions in two worlds whose hidden names differ: what they are called tells nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from random import Random

import orjson
import pytest

from gateway.telling import Telling
from semantic_models.errors import ForebayError
from tests.oracle.compare import asked
from tests.oracle.generate_kinds import FurtherQuestions, with_kinds
from tests.oracle.generate_models import generate_project
from tests.oracle.generate_questions import Questions
from tests.oracle.language import Project, Question
from tests.oracle.spell import document_of, models_of, root_of, tables_of
from tests.security.worlds import ANN, comparable, policies_of
from tests.support.models import World, world

QUESTIONS_A_PROJECT = 30
FURTHER_A_PROJECT = 10
HIDDEN = 0.15
"""How many of the names are hidden."""
MADE_UP = re.compile(r"[a-z]+\d+")
"""Names that stand for nothing else, as those of columns do."""


def differing(seed: str) -> tuple[int, list[str]]:
    """How many questions of a random project have been asked, and those that differ."""
    random = Random(seed)
    project = generate_project(random)
    known = with_kinds(seed, project)
    one, other = _worlds(Random(f"{seed}:names"), known)
    questions, further = Questions(random, project), FurtherQuestions(seed, known)
    wanted = [questions.one() for _ in range(QUESTIONS_A_PROJECT)]
    wanted += [further.one() for _ in range(FURTHER_A_PROJECT)]
    found = []
    for question in wanted:
        whole = replace(question, limit=None, offset=None)
        told = [_told(each, whole) for each in (one, other)]
        if told[0] != told[1]:
            found.append(f"{document_of(question)}\n{told[0]}\n--\n{told[1]}")
    one.connection.close()
    other.connection.close()
    return len(wanted), found


def _told(made: World, question: Question) -> object:
    """All that is told of a refusal, or the answer."""
    document = document_of(question)
    error = _refusal(made, orjson.dumps(document).decode())
    if error is None:
        return comparable(asked(made, question))
    telling = Telling(sql=False, verdicts=False)
    told = telling.refusal(error, made.visible, orjson.dumps(document), partial(_refusal, made))
    return told.code, told.message, told.detail, told.hint


def _refusal(made: World, text: str) -> ForebayError | None:
    try:
        made.compile(orjson.loads(text))
    except ForebayError as error:
        return error
    return None


def tells_of_names(seeds: Iterable[str]) -> bool:
    """Whether questions of any of these projects tell that hidden names are there."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tests.support.models.visible", lambda catalog, _: catalog)
        return any(differing(each)[1] for each in seeds)


def _worlds(random: Random, project: Project) -> tuple[World, World]:
    members = sorted(_members(project))
    hidden = {name for _, name in members if random.random() < HIDDEN}
    secret = {each for each in sorted(project.metrics) if random.random() < HIDDEN}
    models = models_of(project)
    renamed = _renamed(models, {*hidden, *secret})
    tables, root = tables_of(project), root_of(project)
    worlds = []
    for text, suffix in ((models, ""), (renamed, "x")):
        made = world(text, tables, root=root)
        policies = _policies(project, members, hidden, secret, suffix)
        worlds.append(made.seen_by(ANN, policies_of(project, policies, made, text)))
    return worlds[0], worlds[1]


def _members(project: Project) -> Iterator[tuple[str, str]]:
    """The members with names that are made up, each with its model."""
    for model in project.models.values():
        for name in (*model.dimensions, *model.measures):
            if MADE_UP.fullmatch(name) and name not in model.columns:
                yield model.name, name


def _renamed(models: str, names: set[str]) -> str:
    return re.sub(r"\b([a-z]+\d+)\b", lambda m: m[0] + "x" * (m[0] in names), models)


def _policies(
    project: Project,
    members: list[tuple[str, str]],
    hidden: set[str],
    secret: set[str],
    suffix: str,
) -> str:
    lines = ["version: 1", "policies:"]
    every = [
        f"{model.name}.{name}{suffix * (name in hidden)}"
        for model in project.models.values()
        for name in (*model.dimensions, *model.measures)
    ]
    metrics = [each for each in project.metrics if each not in secret]
    lines.append(
        f"  all: {{grant: {{members: [{', '.join(every)}], metrics: [{', '.join(metrics)}]}}}}"
    )
    for model in project.models:
        names = [f"{name}{suffix}" for of, name in members if of == model and name in hidden]
        if names:
            lines.append(f"  hide_{model}: {{on: {model}, hide: [{', '.join(names)}]}}")
    return "\n".join([*lines, ""])
