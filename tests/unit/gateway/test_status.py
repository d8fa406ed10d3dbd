"""Every error has its status in every protocol."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import auth
import cache
import dialects
import gateway
import semantic_models
from gateway.errors import Overloaded
from gateway.status import STATUS, Status, status_of
from semantic_models.errors import ForebayError, UnknownName

GRPC_CODES = frozenset(
    (
        *("INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED", "FAILED_PRECONDITION", "INTERNAL"),
        *("UNAUTHENTICATED", "PERMISSION_DENIED", "DEADLINE_EXCEEDED", "UNAVAILABLE"),
        *("CANCELLED", "RESOURCE_EXHAUSTED"),
    )
)


def every_leaf() -> frozenset[type[ForebayError]]:
    for package in (auth, cache, dialects, gateway, semantic_models):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if found.name.endswith(".errors"):
                importlib.import_module(found.name)
    return frozenset(
        each
        for each in descendants(ForebayError)
        if not each.__subclasses__() and not each.__module__.startswith("tests.")
    )


def descendants(error: type[ForebayError]) -> Iterator[type[ForebayError]]:
    for each in error.__subclasses__():
        yield each
        yield from descendants(each)


def test_the_table_has_exactly_the_leaves_of_the_tree() -> None:
    leaves = every_leaf()

    assert frozenset(STATUS) == leaves


@pytest.mark.parametrize("status", sorted(set(STATUS.values())), ids=str)
def test_a_status_is_one_of_either_protocol(status: Status) -> None:
    assert (400 <= status.http < 600, status.grpc in GRPC_CODES) == (True, True)


def test_an_error_has_the_status_of_its_class() -> None:
    error = UnknownName.of("metric", "flihgts", ("flights",))

    assert status_of(error) == Status(422, "NOT_FOUND")


def test_an_error_without_a_row_is_a_fault_of_forebays_own() -> None:
    assert status_of(ForebayError("anything")) == Status(500, "INTERNAL")


def test_too_much_work_may_be_tried_again() -> None:
    assert status_of(Overloaded("too much")) == Status(503, "UNAVAILABLE")
