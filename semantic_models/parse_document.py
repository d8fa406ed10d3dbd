"""A JSON document to the question it asks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, cast

import orjson

from semantic_models.errors import (
    ForebayError,
    MalformedDocument,
    NotSupported,
    UnknownKey,
    WrongType,
)
from semantic_models.existence_forms import predicates_of
from semantic_models.expressions import parse_expression, query_position
from semantic_models.query import (
    KEYS,
    KEYS_LATER,
    ROWS_MAX,
    Asked,
    Comparison,
    Filter,
    Operator,
    OrderBy,
    Plain,
    Predicate,
    Query,
    TimeRange,
    Top,
)

DEPTH_MAX = 32
ENTRIES_MAX = 1_000
COMPARED_MAX = 10

_KEYS = [*KEYS, "saved_query"]
_LATER = [*KEYS_LATER]
_OF_THE_SAVED = (
    "metrics",
    "dimensions",
    "fields",
    "from",
    "distinct",
    "fill",
    "totals",
    "compare",
    "top",
)
"""What a saved query alone says of its answer."""
_TOP_KEYS = ("by", "n", "on", "other")
_TIME_KEYS = ("on", "from", "to", "last", "zone")
_LAST = re.compile(r"(\d+) +\w+", re.ASCII)
COUNT_MAX = 99_999
"""How many periods a question steps back at most."""
_SHIFT = re.compile(r"\w+\.\w+", re.ASCII)
OPERATORS = {
    **{each: each for each in ("=", "!=", "<", "<=", ">", ">=", "in", "not in", "between")},
    **{each: each for each in ("is null", "is not null", "like")},
    "==": "=",
    "<>": "!=",
    "eq": "=",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "not_in": "not in",
    "is_null": "is null",
    "is_not_null": "is not null",
}

Json = Any


def parse_document(body: str | bytes, depth_max: int = DEPTH_MAX) -> Query:
    """Read a question from JSON.

    Raises:
        MalformedDocument: the body is not a JSON object within the limits.
        UnknownKey: it has a key that no question has.
        NotSupported: it has a key that this version does not answer.
        WrongType: a value is of another type than its key takes.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedDocument(
            f"the body is not JSON from line {error.lineno}, column {error.colno} on",
            hint='A question is a JSON object, for example {"metrics": ["revenue"]}.',
        ) from None
    query = parse_object(document, depth_max)
    _STRICT.decode(body if isinstance(body, str) else body.decode())
    return query


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object whose keys are all different; orjson keeps the last of two alike."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise MalformedDocument(
            f'key "{twice[:64]}" stands twice in one object', hint="Keep one of them."
        )
    return found


_STRICT = json.JSONDecoder(object_pairs_hook=_once)


def parse_object(document: Json, depth_max: int = DEPTH_MAX) -> Query:
    """Read a question from a JSON value that is decoded already."""
    if not isinstance(document, dict):
        raise MalformedDocument(
            f"a question is a JSON object, not {_named(document)}",
            hint='Write {"metrics": […], "dimensions": […]}.',
        )
    for key in document:
        if key in _LATER:
            raise NotSupported.key("a query", key)
        if key not in _KEYS:
            raise UnknownKey.of("a query", key, _KEYS)
    _guard_depth(document, min(depth_max, DEPTH_MAX))
    saved_query = _text(document, "saved_query")
    beside = next((each for each in _OF_THE_SAVED if document.get(each) is not None), "")
    if saved_query and beside:
        raise WrongType(
            f'"{beside}" may not stand beside "saved_query"',
            hint="Add predicates, or another order_by, limit, offset or time.",
        )
    return Query(
        metrics=_list(document, "metrics", lambda entry, at: _asked(entry, at, "metric")),
        dimensions=_list(document, "dimensions", lambda entry, at: _asked(entry, at, "dimension")),
        fields=_list(document, "fields", lambda entry, at: _asked(entry, at, "field")),
        has_fields="fields" in document,
        model=_text(document, "from"),
        distinct=_truth(document, "distinct", default=True),
        where=tuple(chain.from_iterable(_list(document, "where", _filters))),
        fill=document.get("fill") == "dense" or _truth(document, "fill", default=False),
        is_dense=document.get("fill") == "dense",
        totals=_truth(document, "totals", default=False),
        top=_top(document.get("top")),
        compare=_spans(document, "compare"),
        parameters=_parameters(document.get("params")),
        having=_list(document, "having", _filter),
        order_by=_list(document, "order_by", _order),
        limit=_count(document, "limit"),
        offset=_count(document, "offset"),
        time=_time(document.get("time")),
        saved_query=saved_query,
    )


def _named(value: Json) -> str:
    if isinstance(value, str | list | dict) and not value:
        return f"an empty {_named_by_type(value).split()[1]}"
    return _named_by_type(value)


def _named_by_type(value: Json) -> str:
    names: Mapping[type, str] = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "null")


def _wrong(at: str, expected: str, value: Json) -> ForebayError:
    return WrongType(f'"{at}" takes {expected}, not {_named(value)}')


def _guard_depth(document: Json, depth_max: int) -> None:
    level = [document]
    for _ in range(depth_max):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise MalformedDocument(f"the document is nested deeper than {depth_max} levels")


def _list(document: Json, key: str, read: Callable[[Json, str], Any]) -> tuple[Any, ...]:
    entries = document.get(key)
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise _wrong(key, "a list", entries)
    if len(entries) > ENTRIES_MAX:
        raise MalformedDocument(f'"{key}" has more than {ENTRIES_MAX} entries')
    return tuple([read(entry, f"{key}[{number}]") for number, entry in enumerate(entries)])


def _asked(entry: Json, at: str, kind: str) -> Asked:
    if isinstance(entry, str) and entry:
        return Asked(entry, source=at)
    if not isinstance(entry, dict):
        raise _wrong(at, f"the name of a {kind}", entry)
    for key in entry:
        if key not in (kind, "as"):
            raise UnknownKey.of(at, key, (kind, "as"))
    name, alias = entry.get(kind), entry.get("as", "")
    if not isinstance(name, str) or not name or not isinstance(alias, str):
        raise _wrong(at, f'an object with "{kind}" and "as", both texts', name)
    return Asked(name, alias, at)


def _text(document: Json, key: str) -> str:
    value = document.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(key, "a text", value)
    return value


def _count(document: Json, key: str) -> int | None:
    value = document.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= ROWS_MAX:
        raise WrongType(f'"{key}" takes a whole number from 0 to {ROWS_MAX:,}')
    return value


def _truth(document: Json, key: str, *, default: bool) -> bool:
    value = document.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise _wrong(key, "true or false", value)
    return value


def _top(value: Json) -> Top | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _wrong("top", "an object", value)
    for key in value:
        if key not in _TOP_KEYS:
            raise UnknownKey.of("top", key, _TOP_KEYS)
    by, count, on = value.get("by"), value.get("n"), value.get("on", "")
    if not isinstance(by, str) or not by:
        raise _wrong("top.by", "the name of a metric", by)
    if type(count) is not int or not 0 < count <= ROWS_MAX:
        raise WrongType(f'"top.n" takes a whole number from 1 to {ROWS_MAX:,}')
    if not isinstance(on, str):
        raise _wrong("top.on", "the name of a dimension", on)
    return Top(by=by, count=count, on=on, other=_truth(value, "other", default=False))


def _spans(document: Json, key: str) -> tuple[str, ...]:
    written = _list(document, key, _span)
    if len(written) > COMPARED_MAX:
        raise MalformedDocument(f'"{key}" has more than {COMPARED_MAX} entries')
    return written


def _span(entry: Json, at: str) -> str:
    if isinstance(entry, str) and _SHIFT.fullmatch(entry.strip()):
        return entry.strip()
    if not isinstance(entry, str) or not _is_span(entry.strip().lower(), at):
        raise WrongType(
            f'"{at}" takes a count and a unit, such as "1 year", or a shift of a calendar'
        )
    return entry.strip().lower()


def _is_span(text: str, at: str) -> bool:
    """Whether a text is a count and a word.

    Raises:
        WrongType: the count is beyond its limit.
    """
    found = _LAST.fullmatch(text)
    if found is not None and len(found[1].lstrip("0")) > len(str(COUNT_MAX)):
        raise WrongType(
            f'the count of "{at}" is too large', hint=f"A count is {COUNT_MAX:,} at most."
        )
    return found is not None


def _parameters(value: Json) -> tuple[tuple[str, Plain], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise _wrong("params", "an object", value)
    if len(value) > ENTRIES_MAX:
        raise MalformedDocument(f'"params" has more than {ENTRIES_MAX} entries')
    for name, each in value.items():
        if each is None or isinstance(each, dict | list) or "\x00" in str(each):
            raise _wrong(f"params.{name}", "a plain value", each)
    return tuple(sorted(value.items()))


def _filters(entry: Json, at: str) -> tuple[Filter, ...]:
    """One entry of ``where``; what asks that rows exist is a predicate of its own."""
    if isinstance(entry, str):
        return predicates_of(entry, query_position(at, entry), at)
    return (_filter(entry, at),)


def _filter(entry: Json, at: str) -> Filter:
    if isinstance(entry, str):
        return Predicate(entry, parse_expression(entry, query_position(at, entry)), at)
    if not isinstance(entry, dict):
        raise _wrong(at, "a predicate in SQL or an object", entry)
    for key in entry:
        if key not in ("field", "op", "value"):
            raise UnknownKey.of(at, key, ("field", "op", "value"))
    name, written = entry.get("field"), entry.get("op", "=")
    if not isinstance(name, str):
        raise _wrong(f"{at}.field", "a name", name)
    operator = OPERATORS.get(written.lower()) if isinstance(written, str) else None
    if operator is None:
        raise WrongType(f'"{at}.op" takes one of {", ".join(sorted(set(OPERATORS.values())))}')
    values = _values(entry, cast(Operator, operator), at)
    return Comparison(name, cast(Operator, operator), values, at)


def _values(entry: Json, operator: Operator, at: str) -> tuple[Plain, ...]:
    value = entry.get("value")
    match operator:
        case "is null" | "is not null":
            if value is not None:
                raise WrongType(f'"{at}.value" may not stand beside {operator}')
            return ()
        case "in" | "not in" | "between":
            wanted = 2 if operator == "between" else None
            if not isinstance(value, list) or not value or (wanted or len(value)) != len(value):
                given = f"one of {len(value)}" if value and isinstance(value, list) else ""
                raise WrongType(
                    f'"{at}.value" takes a list of {wanted or "one or more"} values, '
                    f"not {given or _named(value)}"
                )
            return tuple(_plain(each, at) for each in value)
        case _:
            return (_plain(value, at),)


def _plain(value: Json, at: str) -> Plain:
    if isinstance(value, dict | list):
        raise _wrong(f"{at}.value", "a plain value", value)
    if isinstance(value, str) and "\x00" in value:
        raise WrongType(f'"{at}.value" holds a NUL character')
    return cast(Plain, value)


def _order(entry: Json, at: str) -> OrderBy:
    if isinstance(entry, str) and entry.strip("-+"):
        return OrderBy(entry.lstrip("+-"), entry.startswith("-"), source=at)
    if not isinstance(entry, dict):
        raise _wrong(at, 'a name, with "-" before it for descending', entry)
    for key in entry:
        if key not in ("name", "desc", "nulls"):
            raise UnknownKey.of(at, key, ("name", "desc", "nulls"))
    name, descending, nulls = entry.get("name"), entry.get("desc", False), entry.get("nulls", "")
    if not isinstance(name, str) or not isinstance(descending, bool):
        raise _wrong(at, 'a text "name" and a boolean "desc"', name)
    if nulls not in ("", "first", "last"):
        raise WrongType(f'"{at}.nulls" takes "first" or "last"')
    return OrderBy(name, descending, nulls, at)


def _time(value: Json) -> TimeRange:
    if value is None:
        return TimeRange()
    if not isinstance(value, dict):
        raise _wrong("time", "an object", value)
    for key, each in value.items():
        if key not in _TIME_KEYS:
            raise UnknownKey.of("time", key, _TIME_KEYS)
        if not isinstance(each, str) or not each:
            raise _wrong(f"time.{key}", "a text", each)
    last = value.get("last", "").lower().strip()
    if last and not _is_span(last, "time.last"):
        raise WrongType('"time.last" takes a count and a unit, such as "12 months"')
    if last and ("from" in value or "to" in value):
        raise WrongType('"time.last" may not stand beside "time.from" or "time.to"')
    return TimeRange(
        on=value.get("on", ""),
        start=value.get("from", ""),
        end=value.get("to", ""),
        last=last,
        zone=value.get("zone", ""),
    )
