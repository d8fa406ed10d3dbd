"""Every documented key of the modelling language, as data: one table a kind of map.

``keys`` are read by this version; ``later`` are documented and refused by name, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from semantic_models.query import KEYS, KEYS_LATER


class Shape(StrEnum):
    """What may stand behind a key, in the words of an error."""

    VERSION = "1"
    TEXT = "text"
    SQL = "SQL"
    TRUTH = "true or false"
    DIMENSION_TYPE = "categorical or time"
    WORDS = "a list of words"
    COLUMNS = "a column or a list of columns"
    COLUMN_LISTS = "a list of lists of columns"
    COLUMNS_OR_SQL = "a column, a list of columns or a condition in SQL"
    TEXTS = "a map from names to text"
    NAMES = "a name or a list of names"
    LISTS = "a map from words to a name or a list of them"
    VALUE = "a text, a number or a truth value"
    VALUES = "a list of values"
    VALUE_MAP = "a map from names to values"
    VALUE_LISTS = "a map from names to a value or a list of values"
    ASKED = "what a question takes there"
    QUESTION = "a question"
    ROWS = "a list of rows"
    GOVERNED = "a model, or {table: its name}"
    PART = "a map of its keys"
    MEMBERS = "a map from names to what they mean"


HINTS: Mapping[Shape, str] = {
    Shape.VERSION: 'Write "version: 1"; there is no other version.',
    Shape.TEXT: "Write one value; a number or a truth value becomes text in quotes.",
    Shape.SQL: "Write one expression on the key's line, in quotes where it needs them.",
    Shape.TRUTH: "Write true or false, without quotes.",
    Shape.DIMENSION_TYPE: 'Write "categorical" or "time"; data types come from the engine.',
    Shape.WORDS: "Write for example [finance, weekly].",
    Shape.COLUMNS: "Write for example order_id, or [order_id, line].",
    Shape.COLUMN_LISTS: "Write for example [[email], [country, tax_id]].",
    Shape.COLUMNS_OR_SQL: 'Write for example customer_id, or [a, b], or "seller_id = user_id".',
    Shape.TEXTS: 'Write each on a line of its own, as "name: text".',
    Shape.NAMES: "Write for example customer.region, or [customer.region, status].",
    Shape.ASKED: "Write it as in a question's document.",
    Shape.QUESTION: "Write for example {metrics: [revenue], dimensions: [status]}.",
    Shape.ROWS: "Write for example [[paid, 12.5], [null, 3]].",
    Shape.GOVERNED: "Write for example orders, or {table: shop.orders}.",
    Shape.PART: "Write each of its keys on a line of its own.",
    Shape.LISTS: "Write for example {keep_only: [customer.region]}.",
    Shape.VALUE: "Write one value, such as EUR, 5 or true.",
    Shape.VALUES: "Write for example [EUR, USD].",
    Shape.VALUE_MAP: "Write for example {currency: EUR}.",
    Shape.VALUE_LISTS: "Write for example {level: 3, regions: [eu, us]}.",
    Shape.MEMBERS: 'Write each on a line of its own, as "name: ...".',
}

ABOUT: Mapping[str, Shape] = {
    "description": Shape.TEXT,
    "label": Shape.TEXT,
    "format": Shape.TEXT,
    "unit": Shape.TEXT,
    "owner": Shape.TEXT,
    "tags": Shape.WORDS,
    "synonyms": Shape.WORDS,
    "hidden": Shape.TRUTH,
}
"""The descriptive words of every long form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of map: which keys it has, and which of them must be there."""

    noun: str
    keys: Mapping[str, Shape]
    later: tuple[str, ...] = ()
    """Documented keys that this version refuses by name."""
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    """Keys of which exactly one is written."""
    short: str = ""
    """The key that a lone scalar stands for; none where there is no short form."""
    keeps_names: bool = False
    """Whether the names that expressions keep for themselves are refused."""


_BESIDE_MODELS = ("rollups", "freshness")

PROJECT = Kind(
    noun="project",
    keys={
        "version": Shape.VERSION,
        "name": Shape.TEXT,
        "engines": Shape.MEMBERS,
        "default_engine": Shape.TEXT,
        "time_zone": Shape.TEXT,
        "models": Shape.TEXT,
        "policies": Shape.TEXT,
        "attributes": Shape.MEMBERS,
        "auth": Shape.PART,
        "default": Shape.TEXT,
        "limits": Shape.VALUE_MAP,
        **dict.fromkeys(("spines", "calendars", "parameters"), Shape.MEMBERS),
        "saved_queries": Shape.MEMBERS,
        "tests": Shape.MEMBERS,
    },
    later=_BESIDE_MODELS,
    required=("version", "name"),
)

MODEL_FILE = Kind(
    noun="file of models",
    keys={
        "version": Shape.VERSION,
        "models": Shape.MEMBERS,
        "metrics": Shape.MEMBERS,
        "spines": Shape.MEMBERS,
        "calendars": Shape.MEMBERS,
        "parameters": Shape.MEMBERS,
        "saved_queries": Shape.MEMBERS,
        "tests": Shape.MEMBERS,
    },
    later=_BESIDE_MODELS,
    required=("version",),
)

POLICY_FILE = Kind(
    noun="file of policies",
    keys={"version": Shape.VERSION, "policies": Shape.MEMBERS},
    required=("version", "policies"),
)

GRANTED = ("models", "metrics", "members", "dimensions")
"""What a grant lets somebody name."""

POLICY = Kind(
    noun="policy",
    keys={
        "grant": Shape.LISTS,
        "on": Shape.GOVERNED,
        "rows": Shape.SQL,
        "any_of": Shape.TEXT,
        "otherwise": Shape.TEXT,
        "mask": Shape.VALUE_MAP,
        "hide": Shape.NAMES,
        "min_group": Shape.VALUE,
        "min_group_of": Shape.TEXT,
        "limits": Shape.VALUE_MAP,
        "for": Shape.NAMES,
        "unless": Shape.NAMES,
        "description": Shape.TEXT,
    },
)

ATTRIBUTE = Kind(
    noun="attribute",
    keys={"type": Shape.TEXT, "list": Shape.TRUTH, "description": Shape.TEXT},
    required=("type",),
    short="type",
)

AUTH = Kind(
    noun="auth",
    keys={
        "state": Shape.TEXT,
        "pepper": Shape.TEXT,
        "issuers": Shape.MEMBERS,
        "certificates": Shape.PART,
    },
)

ISSUER = Kind(
    noun="issuer",
    keys={
        "url": Shape.TEXT,
        "jwks": Shape.TEXT,
        "alg": Shape.TEXT,
        "typ": Shape.NAMES,
        "audience": Shape.NAMES,
        "azp": Shape.NAMES,
        "claims": Shape.TEXTS,
        "roles": Shape.TEXT,
        "map_roles": Shape.TEXTS,
        "scopes": Shape.TEXT,
        "allow_private": Shape.TRUTH,
        "description": Shape.TEXT,
    },
    required=("url", "alg", "typ", "audience"),
)

CERTIFICATES = Kind(
    noun="certificates",
    keys={"ca": Shape.TEXT, "issues_one_san": Shape.TRUTH, "principals": Shape.MEMBERS},
    required=("ca", "principals"),
)

SAN_KINDS = ("dns", "uri", "email")
"""The kinds of names in a certificate that stand for somebody."""

CERTIFIED = Kind(
    noun="principal",
    keys={
        **dict.fromkeys(SAN_KINDS, Shape.TEXT),
        "name": Shape.TEXT,
        "roles": Shape.NAMES,
        "attributes": Shape.VALUE_LISTS,
        "scopes": Shape.NAMES,
        "description": Shape.TEXT,
    },
    one_of=SAN_KINDS,
)

DUCKDB = Kind(
    noun="engine",
    keys={
        "type": Shape.TEXT,
        "path": Shape.TEXT,
        "read_only": Shape.TRUTH,
        "files": Shape.TEXTS,
    },
    required=("type",),
    one_of=("path", "files"),
)

ENGINE_TYPES = ("duckdb",)

ENGINE_TYPES_LATER = (
    "adbc",
    "bigquery",
    "clickhouse",
    "flightsql",
    "mariadb",
    "mysql",
    "postgres",
    "snowflake",
    "spark",
    "sqlite",
    "trino",
)

MODEL = Kind(
    noun="model",
    keys={
        "table": Shape.TEXT,
        "sql": Shape.SQL,
        "engine": Shape.TEXT,
        "key": Shape.COLUMNS,
        "unique": Shape.COLUMN_LISTS,
        "partition": Shape.TEXT,
        "time": Shape.TEXT,
        "where": Shape.SQL,
        "dimensions": Shape.MEMBERS,
        "measures": Shape.MEMBERS,
        "joins": Shape.MEMBERS,
        "segments": Shape.MEMBERS,
        **ABOUT,
    },
    one_of=("table", "sql"),
    keeps_names=True,
)

DIMENSION_TYPES = ("categorical", "time")

DIMENSION = Kind(
    noun="dimension",
    keys={
        "expr": Shape.SQL,
        "type": Shape.DIMENSION_TYPE,
        "grain": Shape.TEXT,
        "hierarchy": Shape.WORDS,
        **ABOUT,
    },
    short="expr",
)

MEASURE = Kind(
    noun="measure",
    keys={
        "expr": Shape.SQL,
        "where": Shape.SQL,
        "time": Shape.TEXT,
        "first_by": Shape.TEXT,
        "last_by": Shape.TEXT,
        "per": Shape.COLUMNS,
        **ABOUT,
    },
    required=("expr",),
    short="expr",
)

JOIN = Kind(
    noun="join",
    keys={
        "to": Shape.TEXT,
        "on": Shape.COLUMNS_OR_SQL,
        "valid": Shape.WORDS,
        "at": Shape.TEXT,
        "through": Shape.TEXT,
        **ABOUT,
    },
    required=("to",),
    short="to",
    keeps_names=True,
)

SEGMENT = Kind(
    noun="segment",
    keys={"expr": Shape.SQL, **ABOUT},
    required=("expr",),
    short="expr",
)

AGGREGATES = ("avg", "sum", "min", "max", "count")
"""What a metric may make of another one's groups."""

METRIC = Kind(
    noun="metric",
    keys={
        "expr": Shape.SQL,
        "of": Shape.TEXT,
        "where": Shape.SQL,
        "fill_nulls_with": Shape.SQL,
        "default_grain": Shape.TEXT,
        **dict.fromkeys(("cumulative", "trailing", "to_date", "regrain"), Shape.TEXT),
        **dict.fromkeys(("offset", "offset_to", "shift", "show", "time"), Shape.TEXT),
        "spine": Shape.TRUTH,
        "funnel": Shape.TEXTS,
        "by": Shape.COLUMNS,
        "within": Shape.NAMES,
        "holding": Shape.TEXTS,
        **dict.fromkeys(AGGREGATES, Shape.TEXT),
        "per": Shape.NAMES,
        "grain": Shape.LISTS,
        "filter": Shape.LISTS,
        "with": Shape.MEMBERS,
        "params": Shape.VALUE_MAP,
        "rank": Shape.TEXT,
        "order": Shape.TEXT,
        **dict.fromkeys(("retention", "cohort", "after", "on"), Shape.TEXT),
        **ABOUT,
    },
    one_of=("expr", "of", "funnel", "rank", "retention", *AGGREGATES),
    short="expr",
)

SPINE = Kind(
    noun="spine",
    keys={"table": Shape.TEXT, "column": Shape.TEXT, "engine": Shape.TEXT},
    required=("table", "column"),
)

CALENDAR = Kind(
    noun="calendar",
    keys={
        "table": Shape.TEXT,
        "day": Shape.TEXT,
        "grains": Shape.TEXTS,
        "shifts": Shape.TEXTS,
        "engine": Shape.TEXT,
    },
    required=("table", "day", "grains"),
    keeps_names=True,
)

PARAMETER = Kind(
    noun="parameter",
    keys={"type": Shape.TEXT, "default": Shape.VALUE, "allowed": Shape.VALUES, **ABOUT},
    required=("type", "default"),
)

SAVED_QUERY = Kind(
    noun="saved query",
    keys={**dict.fromkeys(KEYS, Shape.ASKED), **ABOUT},
    later=KEYS_LATER,
)

TEST = Kind(
    noun="test",
    keys={
        "query": Shape.QUESTION,
        "expect": Shape.ROWS,
        "expect_error": Shape.TEXT,
        **ABOUT,
    },
    required=("query",),
    one_of=("expect", "expect_error"),
)

KINDS = (
    PROJECT,
    MODEL_FILE,
    POLICY_FILE,
    POLICY,
    ATTRIBUTE,
    AUTH,
    ISSUER,
    CERTIFICATES,
    CERTIFIED,
    DUCKDB,
    MODEL,
    DIMENSION,
    MEASURE,
    JOIN,
    SEGMENT,
    METRIC,
    SPINE,
    CALENDAR,
    PARAMETER,
    SAVED_QUERY,
    TEST,
)

MEMBERS: Mapping[str, Kind] = {
    "engines": DUCKDB,
    "policies": POLICY,
    "attributes": ATTRIBUTE,
    "issuers": ISSUER,
    "principals": CERTIFIED,
    "models": MODEL,
    "metrics": METRIC,
    "spines": SPINE,
    "calendars": CALENDAR,
    "parameters": PARAMETER,
    "saved_queries": SAVED_QUERY,
    "tests": TEST,
    "dimensions": DIMENSION,
    "measures": MEASURE,
    "joins": JOIN,
    "segments": SEGMENT,
    "with": METRIC,
}
"""What stands behind the names of each map of members, by the key of the map."""

PARTS: Mapping[str, Kind] = {"auth": AUTH, "certificates": CERTIFICATES}
"""What stands behind each key that takes one map of its own keys."""
