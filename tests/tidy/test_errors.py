"""Every refusal has a code of its own, a sentence that explains it, and a status."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Collection, Iterator
from typing import ClassVar

from gateway.status import STATUS
from semantic_models.errors import ForebayError, ModelError
from tests.projects.case_reader import CASES
from tests.tidy.tree import PACKAGES, ROOT


class Planted(ForebayError):
    # Without a docstring, and with another's code: the negative control.
    code: ClassVar[str] = "SL101"


def test_every_leaf_is_complete() -> None:
    assert list(_faults(_leaves(), STATUS)) == []


def test_every_code_names_one_error() -> None:
    assert list(_shared_codes(_leaves())) == []


def test_errors_live_in_errors_modules() -> None:
    astray = [each for each in _classes() if not each.__module__.endswith(".errors")]

    assert astray == []


def test_status_names_no_error_twice_and_none_that_is_gone() -> None:
    assert set(STATUS) - _leaves() == set()


def test_every_refusal_of_models_and_questions_has_a_case() -> None:
    cases = [*(ROOT / "tests" / "corpus").rglob("*.case"), *CASES.glob("*.case")]
    told = "\n".join(each.read_text(encoding="utf-8") for each in cases)
    leaves = [each for each in _leaves() if issubclass(each, ModelError)]

    assert [each.code for each in leaves if not re.search(rf"\b{each.code}\b", told)] == []
    assert len(leaves) > 20


def test_an_incomplete_leaf_is_found() -> None:
    assert list(_faults({Planted}, {})) == ["Planted has no docstring", "Planted has no status"]


def test_a_shared_code_is_found() -> None:
    taken = {each for each in _leaves() if each.code == Planted.code}

    assert list(_shared_codes({Planted, *taken})) == [Planted.code]


def _leaves() -> set[type[ForebayError]]:
    return {each for each in _classes() if not _ours(each.__subclasses__())}


def _classes() -> set[type[ForebayError]]:
    """Every error class of the packages; all modules are imported first, so none is missed."""
    for package in PACKAGES:
        for each in pkgutil.walk_packages([package], f"{package}."):
            if not each.name.endswith(".__main__"):
                importlib.import_module(each.name)
    return set(_below(ForebayError))


def _below(error: type[ForebayError]) -> Iterator[type[ForebayError]]:
    for each in _ours(error.__subclasses__()):
        yield each
        yield from _below(each)


def _ours(errors: Collection[type[ForebayError]]) -> list[type[ForebayError]]:
    return [each for each in errors if each.__module__.split(".")[0] in PACKAGES]


def _faults(
    leaves: Collection[type[ForebayError]], status: Collection[type[ForebayError]]
) -> Iterator[str]:
    for each in sorted(leaves, key=lambda leaf: leaf.__name__):
        if not vars(each).get("__doc__"):
            yield f"{each.__name__} has no docstring"
        if "code" not in vars(each):
            yield f"{each.__name__} has no code"
        if each not in status:
            yield f"{each.__name__} has no status"


def _shared_codes(leaves: Collection[type[ForebayError]]) -> list[str]:
    codes = [each.code for each in leaves]
    return sorted({each for each in codes if codes.count(each) > 1})
