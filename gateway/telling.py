"""What of an answer, and of a refusal, is told to whom."""

from __future__ import annotations

import copy
import logging
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from string import ascii_lowercase
from typing import Any

import orjson

from auth.policy import PolicySet
from auth.principal import Principal
from auth.rights import Rights
from auth.visible_proof import proof_in_names
from gateway.errors import DataAltered, EngineError, EngineTimedOut, PromiseBroken
from semantic_models.catalog import Catalog
from semantic_models.errors import ForebayError
from semantic_models.resolve_names import parts_of

log = logging.getLogger(__name__)

SQL_READ = "sql:read"
"""The scope of those who may read SQL, physical names and what policies say."""
_QUOTED = re.compile(r'"([^"]+)"')
_WORD = re.compile(r"[^\W\d]\w*")
_PARAMETERS = "params"
"""The key of a document that names stand below as keys."""

Document = Mapping[str, object]
Again = Callable[[str], ForebayError | None]
"""What becomes of another text that is asked by the same person; None: an answer."""


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

    def refusal(
        self, error: ForebayError, catalog: Catalog, text: str | bytes, again: Again
    ) -> ForebayError:
        """A refusal of a question, without names that are hidden and the places of definitions.

        A hidden name that the question's ``text`` has is told where it comes from there: asked
        ``again`` with another word in its place, the refusal does not have it.
        """
        told = copy.copy(error)
        place = told.position
        if place is not None and not self.sql and place.source.endswith((".yml", ".yaml")):
            told.position = None
        if catalog.everything is None:
            return told
        known = _names(catalog.everything)
        hidden = known - _names(catalog)
        found = hidden & _told_by(error)
        if not found or _are_asked(found, known, hidden, _spelled_out(text), again):
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


def _are_asked(
    found: set[str], known: set[str], hidden: set[str], asked: str, again: Again
) -> bool:
    """Whether hidden names are in a refusal because somebody wrote them into the question.

    A function's name may be written in other letters than it is told in.
    """
    words = set(_names_in(asked))
    written = {word for word in words if not hidden.isdisjoint({word, word.lower()})}
    if not found <= written | {word.lower() for word in written}:
        return False
    others = {word: _another(word, known | words) for word in written}
    other = again(_reworded(asked, partial(_with_names, others)))
    return other is not None and hidden.isdisjoint(_told_by(other))


def _reworded(asked: str, renamed: Callable[[str], str]) -> str:
    """A question with other names in place of some; a document keeps its keys."""
    try:
        document = orjson.loads(asked)
    except orjson.JSONDecodeError:
        return renamed(asked)
    return orjson.dumps(_with_other_values(document, renamed)).decode()


def _with_other_values(value: Any, renamed: Callable[[str], str], *, keys: bool = False) -> Any:
    if isinstance(value, str):
        return renamed(value)
    if isinstance(value, list):
        return [_with_other_values(each, renamed) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        renamed(key) if keys else key: _with_other_values(each, renamed, keys=key == _PARAMETERS)
        for key, each in value.items()
    }


def _names_in(text: str) -> Iterator[str]:
    """The names that words of a text are made of: ``customer__region`` is two."""
    return chain.from_iterable(map(parts_of, _WORD.findall(text)))


def _with_names(others: Mapping[str, str], text: str) -> str:
    """A text with other names in place of some."""

    def other(word: re.Match[str]) -> str:
        return "__".join(others.get(each, each) for each in parts_of(word[0]))

    return _WORD.sub(other, text)


def _spelled_out(text: str | bytes) -> str:
    """A question whose words stand in it as they are, and not escaped as JSON may have them."""
    try:
        return orjson.dumps(orjson.loads(text)).decode()
    except orjson.JSONDecodeError:
        return text if isinstance(text, str) else text.decode(errors="replace")


def _another(word: str, taken: set[str]) -> str:
    """A word that stands for nothing, where it can be of the same length."""
    made = ("".join(secrets.choice(ascii_lowercase) for _ in word) for _ in range(100))
    return next((each for each in made if each not in taken), secrets.token_hex(8))


def _told_by(error: ForebayError) -> set[str]:
    """The names that a refusal tells."""
    return set(chain.from_iterable(map(_named, (error.message, error.detail, error.hint))))


def _named(text: str) -> Iterator[str]:
    """The names that a text quotes, and whatever else in it can be no word of a sentence."""
    yield from chain.from_iterable(map(_names_in, _QUOTED.findall(text)))
    yield from chain.from_iterable(_names_in(each) for each in _WORD.findall(text) if "_" in each)


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
