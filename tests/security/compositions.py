"""Compose random policies for random principals, and tell where the rules in loops say otherwise;
and give each attribute everything that it is not, which must deny whatever reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import auth.decide
from auth.decide import _relation, decide
from auth.policy import PolicySet
from auth.principal import Attribute, Principal
from auth.rights import RelationRights
from semantic_models.plan import GroupFloor
from tests.property.test_composition import (
    ASKERS,
    DECLARED,
    SINGLE,
    TABLES,
    compare_names,
    compare_rows_and_values,
    draws,
    made_up,
    of_model,
    policy_set,
    principal,
    projects,
)
from tests.security.figures import Figures
from tests.support.composition import Project, Written, WrittenRows, is_good

CONTROLLED = 2_000


def ask(count: int, seed: str) -> Figures:
    """Compose so many times; every value that an attribute may not have comes beside."""
    number = Random(seed).randrange(2**32)
    undefined = list(_undefined())
    wrong = [*_differing(count, number), *_not_denied(undefined)]
    for says, (name, weakened) in WEAKENED.items():
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(auth.decide, name, weakened)
            if not _differing(CONTROLLED, number, does_shrink=False):
                wrong.append(f"with {says} nothing differs")
    return Figures(count + len(undefined), wrong=tuple(wrong))


def _differing(count: int, number: int, *, does_shrink: bool = True) -> list[str]:
    """A composition that the rules say otherwise of, where there is one."""

    @hypothesis.seed(number)
    @settings(
        max_examples=-(-count // ASKERS),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, *([Phase.shrink] if does_shrink else [])],
    )
    @given(projects(), draws)
    def law(project: Project, draw: Random) -> None:
        made = policy_set(project)
        for asker in made_up(draw):
            rights = decide(made, principal(asker))
            compare_names(rights, project, asker)
            compare_rows_and_values(rights, project, asker, draw)

    try:
        law()
    except (AssertionError, ExceptionGroup) as error:
        notes = " ".join(getattr(error, "__notes__", ()))
        return [f"seed {number}: {error} {notes}"]
    return []


Undefined = tuple[str, Attribute | None]
"""An attribute, and what it may not be; None where it is missing."""


def _undefined() -> Iterator[Undefined]:
    for name, declared in DECLARED.items():
        yield name, None
        values = (*SINGLE, (), *((each,) for each in SINGLE), *((each, each) for each in SINGLE))
        for value in (*values, *(("a", each) for each in SINGLE), *((7, each) for each in SINGLE)):
            if not is_good(value, declared):
                yield name, value


def _not_denied(undefined: list[Undefined]) -> Iterator[str]:
    """What lets a policy that reads it show rows."""
    for name, value in undefined:
        given_values = {} if value is None else {name: value}
        asker = Principal("ada", frozenset({"analyst"}), tuple(given_values.items()))
        for says, written in _reading(name).items():
            made = policy_set(Project((*written, _SHOWS_ALL), TABLES, DECLARED))
            if not of_model(decide(made, asker), "orders").is_empty:
                yield f"{says} of {name} = {value!r} denies nothing"


_SHOWS_ALL = Written(on="orders", rows=WrittenRows("f1", any_of="g", otherwise="all"))


def _reading(name: str) -> dict[str, tuple[Written, ...]]:
    """Policies of each kind that read an attribute."""
    return {
        "a filter": (Written(on="orders", rows=WrittenRows("f0", (name,))),),
        "a filter of a table": (Written(on="shop.orders", rows=WrittenRows("f0", (name,))),),
        "an alternative": (Written(on="orders", rows=WrittenRows("f0", (name,), "g", "all")),),
        "a mask": (Written(on="orders", masks=(("email", "x", (name,)),)),),
    }


def _every_attribute(_: PolicySet, asker: Principal) -> dict[str, Attribute]:
    return dict(asker.attributes)


def _never_left_out(*told: Any) -> RelationRights:
    return replace(_relation(*told), is_left_out=False)


def _least(floors: Sequence[GroupFloor]) -> GroupFloor | None:
    return min(floors, key=lambda each: each.least, default=None)


WEAKENED: Mapping[str, tuple[str, Callable[..., object]]] = {
    "attributes of any type": ("_sound", _every_attribute),
    "filters that are for others": ("_relation", _never_left_out),
    "the least floor": ("_largest", _least),
}
"""Faults of the composition: a function of it, and another in its place."""
