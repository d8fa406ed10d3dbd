"""DuckDB's failures, told in our words: its own text goes to the log, without values."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from uuid import uuid4

import duckdb
import pyarrow as pa

from gateway.errors import (
    EngineError,
    EngineFailed,
    EngineGone,
    EngineRestarted,
    PatternRejected,
    ResultTooLarge,
)
from semantic_models.periods import TOO_MANY

FAILURES = (duckdb.Error, pa.ArrowException, OSError, RuntimeError)
"""What DuckDB raises, at once or through the Arrow stream half way."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said of a class of failures; ``{engine}`` stands for the engine's name."""

    error: type[EngineError]
    message: str
    hint: str


_COMPARE = "Run `forebay validate` to compare the models with the data, then restart the server."

_ALTERED = _Told(EngineGone, 'engine "{engine}" no longer has what a model names', _COMPARE)
_UNREADABLE = _Told(
    EngineGone,
    'engine "{engine}" cannot read its data',
    "Put the files that forebay.yml names back in place; the server serves on meanwhile.",
)
_UNFIT = _Told(
    EngineFailed,
    'engine "{engine}" met a value that does not fit its type',
    "An expression of the model or the question converts or adds values beyond its type; cast "
    "it to a wider one.",
)
_MEMORY = _Told(
    EngineFailed,
    'engine "{engine}" ran out of the memory it may use',
    "Ask for fewer groups or rows, or raise the engine's memory limit in forebay.yml.",
)
_BROKEN = _Told(
    EngineRestarted,
    'engine "{engine}" failed and is started anew',
    "Ask again; where it happens again, the engine's own text tells why.",
)
_PATTERN = _Told(
    PatternRejected,
    "the pattern of a regular expression cannot be read",
    "Look for an open bracket, a repetition of nothing, or a form that RE2 does not have.",
)
_PERIODS = _Told(
    ResultTooLarge,
    TOO_MANY,
    "Give a range of time, or ask for a coarser grain; a row may have a time that is far away.",
)
_OTHER = _Told(
    EngineFailed,
    'engine "{engine}" failed at the query',
    "The engine's own text tells why; compare the SQL of `forebay compile` with it.",
)

_BY_PREFIX = {
    "Binder Error": _ALTERED,
    "Catalog Error": _ALTERED,
    "Permission Error": _UNREADABLE,
    "IO Error": _UNREADABLE,
    "Conversion Error": _UNFIT,
    "Out of Range Error": _UNFIT,
    "Mismatch Type Error": _UNFIT,
    "Out of Memory Error": _MEMORY,
    "FATAL Error": _BROKEN,
    "INTERNAL Error": _BROKEN,
}


_PATTERN_FAULTS = (
    *("missing )", "missing ]", "unexpected )", "trailing \\", "no argument for repetition"),
    *("invalid escape sequence", "invalid character class", "invalid repetition size"),
    *("bad repetition operator", "invalid perl operator", "invalid named capture group"),
)
"""What RE2 says of a pattern, which DuckDB passes on as an input that is not valid."""

_TELL_NO_VALUES = (_ALTERED, _UNREADABLE, _MEMORY)
"""Failures whose texts name tables, files and sizes alone."""
_BEFORE_VALUES = re.compile(r"""(?:[^:]*:)?(?:(?!['":]|(?<![\w.])-?\d).)*""", re.DOTALL)
"""A class of failures and what is said before the first quote, number or colon."""


def is_fatal(error: BaseException) -> bool:
    """Whether the database refuses every later query as well."""
    return _told(error) is _BROKEN


def translate(error: BaseException, engine: str) -> EngineError:
    """The coded error for a failure, whose own text is logged under an id that is told."""
    error_id = uuid4().hex[:12]
    told = _told(error)
    # What follows repeats the SQL, with the literals of questions and of policies.
    words = " ".join(str(error).partition("LINE 1:")[0].split())
    logged = words if told in _TELL_NO_VALUES else _without_values(words)
    _LOG.warning('engine "%s" failed, error %s: %s', engine, error_id, logged)
    coded = told.error(
        told.message.format(engine=engine),
        detail=f"The engine's own text is in the server's log under the id {error_id}.",
        hint=told.hint,
    )
    coded.own_words = words
    return coded


def _without_values(words: str) -> str:
    """An engine's text up to the first thing that may be a value: what is behind may be one too."""
    found = _BEFORE_VALUES.match(words)
    kept = found[0] if found else ""
    return words if kept == words else f"{kept}…"


def _told(error: BaseException) -> _Told:
    # Half way through a stream every failure is an OSError; the prefix of its text still tells.
    if isinstance(error, MemoryError):
        return _MEMORY
    prefix, _, said = str(error).partition(": ")
    if prefix == "Invalid Input Error" and said.startswith(_PATTERN_FAULTS):
        return _PATTERN
    if said.startswith(TOO_MANY):
        return _PERIODS
    return _BY_PREFIX.get(prefix.partition(":")[0], _OTHER)
