"""A plan becomes SQL only after ``auth.govern``, since nobody else can make a governed one."""

from __future__ import annotations

import ast

import pytest

from tests.tidy.tree import name_of, source_files, tree_of

BUILDER = "auth/govern.py"
ASKING = frozenset(("isinstance", "issubclass"))


def test_only_govern_builds_a_governed_plan() -> None:
    builders = [name_of(path) for path in source_files() if _builds(tree_of(path))]

    assert builders == [BUILDER]


@pytest.mark.parametrize(
    "text",
    [
        "GovernedPlan(plan)",
        "plans.GovernedPlan(plan)",
        "object.__new__(GovernedPlan)",
        "list(map(GovernedPlan, plans))",
        "from semantic_models.plan import GovernedPlan as Safe",
        "class Safe(GovernedPlan): ...",
        "build = GovernedPlan",
    ],
)
def test_every_way_to_a_second_builder_is_found(text: str) -> None:
    assert _builds(ast.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "from semantic_models.plan import GovernedPlan",
        "class GovernedPlan:\n    root: Plan",
        "def generate(plan: GovernedPlan) -> str: ...",
        "isinstance(plan, GovernedPlan)",
    ],
)
def test_taking_a_governed_plan_is_no_building(text: str) -> None:
    assert not _builds(ast.parse(text))


def _builds(tree: ast.Module) -> bool:
    return any(_makes_one(node) for node in ast.walk(tree))


def _makes_one(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=func, args=args):
            asks = isinstance(func, ast.Name) and func.id in ASKING
            return not asks and any(map(_is_the_class, (func, *args)))
        case ast.ClassDef(bases=bases):
            return any(map(_is_the_class, bases))
        case ast.Assign(value=value):
            return _is_the_class(value)
        case ast.alias(name="GovernedPlan", asname=other):
            return other is not None
        case _:
            return False


def _is_the_class(node: ast.expr) -> bool:
    match node:
        case ast.Name(id="GovernedPlan") | ast.Attribute(attr="GovernedPlan"):
            return True
        case _:
            return False
