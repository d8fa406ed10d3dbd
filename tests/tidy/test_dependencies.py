"""What an installation without extras brings along stays small."""

from __future__ import annotations

from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGES_MAX = 24


def test_the_core_installs_few_packages() -> None:
    installed = _needed_by("forebay")

    assert len(installed) <= PACKAGES_MAX, sorted(installed)


def test_dependencies_of_dependencies_are_counted() -> None:
    assert {"trino", "requests", "urllib3"} <= _needed_by("forebay")


def test_extras_are_not_counted() -> None:
    assert _needed_by("forebay").isdisjoint({"uvloop", "adbc-driver-flightsql"})


def _needed_by(name: str) -> set[str]:
    found: set[str] = set()
    waiting = [(name, frozenset[str]())]
    while waiting:
        for each in _requirements(*waiting.pop()):
            package = canonicalize_name(each.name)
            if package not in found:
                found.add(package)
                waiting.append((package, frozenset(each.extras)))
    return found


def _requirements(name: str, extras: frozenset[str]) -> list[Requirement]:
    """The packages that ``name`` needs here, with the extras asked of it."""
    every = [Requirement(each) for each in requires(name) or ()]
    return [each for each in every if _applies(each, extras)]


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({"extra": each}) for each in ("", *extras))
