"""Policies over every model of a project that filter nothing and mask each value by itself, so
that whoever asks under them sees what anybody would without.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from auth.build_policies import build_policies
from auth.principal import ANONYMOUS, Principal
from gateway.compose import make_gateway
from gateway.pipeline import Gateway
from gateway.settings import Settings
from semantic_models.catalog import Catalog
from semantic_models.faults import Faults
from semantic_models.model import Model, Table
from semantic_models.parse_spec import read_project
from tests.support import shop
from tests.support.models import World

SEES_ALL = Principal("all", frozenset({"everything"}), scopes=frozenset({"sql:read"}))
IS_ANY = "{0} is null or {0} is not null"
"""What is true of every row, by a column of it."""
GRANT = "version: 1\npolicies:\n  all: {grant: {models: all}, for: [everything]}\n"


def policies_of(catalog: Catalog) -> str:
    """A file of policies."""
    lines = (line for model in catalog.models.values() for line in _of(model))
    return GRANT + "\n".join(lines) + "\n"


def _of(model: Model) -> Iterator[str]:
    names = list(model.columns or ())
    first = _quoted(names[0])
    is_any = _written(IS_ANY.format(first))
    on = f"on: {model.name}, for: [everything]"
    yield f"  rows_{model.name}: {{{on}, rows: {is_any}}}"
    if isinstance(model.relation, Table):
        masks = ", ".join(f"{_written(name)}: {_written(_quoted(name))}" for name in names)
        yield f"  mask_{model.name}: {{{on}, mask: {{{masks}}}}}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _written(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def under_policies(made: World) -> World:
    """A world of the same rows for one who sees all of them under these policies."""
    assert made.spec is not None
    faults = Faults()
    files = {"forebay.yml": shop.ROOT, "policies/all.yml": policies_of(made.catalog)}
    written = read_project(files, faults).policies
    spec = replace(made.spec, policies=written, has_policies=True)
    policies = build_policies(spec, made.catalog, faults)
    assert faults.found == [], [each.message for each in faults.found]
    return made.seen_by(SEES_ALL, policies)


def is_under_policies() -> bool:
    """Whether suites and random questions are asked so: UNDER_POLICIES=1."""
    return os.environ.get("UNDER_POLICIES") == "1"


def open_project(settings: Settings) -> tuple[Gateway, Principal]:
    """A project's gateway and who asks it: under these policies where that is wanted.

    Raises:
        FaultyProject: with every fault that the project has.
    """
    gateway = make_gateway(settings)
    if not is_under_policies():
        return gateway, ANONYMOUS
    catalog = gateway.snapshot.catalog
    gateway.close()
    folder = settings.project / "policies"
    folder.mkdir()
    (folder / "all.yml").write_text(policies_of(catalog))
    return make_gateway(settings), SEES_ALL
