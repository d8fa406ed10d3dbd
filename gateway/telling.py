"""What of an answer, and of a refusal, is told to whom."""

from __future__ import annotations

import copy
import logging
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from auth.policy import PolicySet
from auth.principal import Principal
from auth.rights import Rights
from auth.visible_proof import proof_in_names
from gateway.errors import DataAltered, EngineError, EngineTimedOut, PromiseBroken
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError

log = logging.getLogger(__name__)

SQL_READ = "sql:read"
"""The scope of those who may read SQL, physical names and what policies say."""
_QUOTED = re.compile(r'"([^"]+)"')
_WORD = re.compile(r"[^\W\d]\w*")

Document = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Telling:
    """What one principal is told beside answers."""

    sql: bool = True
    """SQL, physical names and the names of policies, and where definitions stand in files."""
    verdicts: bool = True
    """What data breaks of what models declare, and how often."""

    def proof(self, proof: Document, catalog: Catalog, rights: Rights) -> Document:
        """A proof, in the names that may be used where no others may be read."""
        if not self.sql:
            return proof_in_names(proof, catalog)
        return {**proof, "policies": list(rights.applied)} if rights.applied else proof

    def refusal(self, error: ForebayError, catalog: Catalog, asked: str) -> ForebayError:
        """A refusal of a question, without names that are hidden and the places of definitions."""
        if self.sql:
            return error
        told = copy.copy(error)
        if told.position is not None and told.position.source.endswith((".yml", ".yaml")):
            told.position = None
        if catalog.everything is None:
            return told
        hidden = _names(catalog.everything) - _names(catalog) - set(_WORD.findall(asked))
        parts = (error.message, error.detail, error.hint)
        if hidden.isdisjoint(chain.from_iterable(map(_named, parts))):
            return told
        told.message, told.detail = "the question cannot be answered as it is asked", ""
        told.hint = "Ask for other names together; the catalog lists those that may be used."
        return told

    def verdict(self, error: EngineError) -> EngineError:
        """What is wrong with the data, without a name or a count where those are not told."""
        if self.verdicts or not isinstance(error, DataAltered | PromiseBroken | EngineTimedOut):
            return error
        if isinstance(error, EngineTimedOut):
            return EngineTimedOut("the data is being checked for long", hint="Ask again later.")
        incident = secrets.token_hex(6)
        log.warning("error %s: %s %s", incident, error.message, error.detail)
        return PromiseBroken(
            "the data is not what the models declare of it",
            detail=f"The server's log has more under the id {incident}.",
            hint="Tell whoever runs the server.",
        )

    def warnings(self, found: tuple[ForebayError, ...]) -> tuple[ForebayError, ...]:
        """What is told with an answer over such data: all of it, or that there is something."""
        if self.verdicts or not found:
            return found
        return (PromiseBroken("the data is not what the models declare of it"),)


ALL_TOLD = Telling()


def telling(policies: PolicySet, principal: Principal, rights: Rights) -> Telling:
    """What a principal is told; all of it where there are no policies."""
    if not policies.is_governed:
        return ALL_TOLD
    tells_sql = SQL_READ in principal.scopes
    return Telling(tells_sql, tells_sql and rights.is_everything)


def _named(text: str) -> Iterator[str]:
    """The names that a text quotes, and whatever else in it can be no word of a sentence."""
    yield from chain.from_iterable(map(_WORD.findall, _QUOTED.findall(text)))
    yield from (each for each in _WORD.findall(text) if "_" in each)


def _names(catalog: Catalog) -> set[str]:
    """Every name of a catalog: of models and members, grains of calendars and parameters."""
    found = {*catalog.models, *chain.from_iterable(map(_WORD.findall, catalog.metrics))}
    found.update(catalog.calendars, catalog.parameters)
    for model in catalog.models.values():
        members: Iterable[Mapping[str, Any]] = (
            *(model.dimensions, model.hierarchies, model.measures),
            *(model.joins, model.bridges, model.segments),
        )
        found.update(*members)
    return found
