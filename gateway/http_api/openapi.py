"""The description of the HTTP API (OpenAPI 3.1), the query route included."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.http_api.negotiate import Format

Schema = dict[str, object]

_TEXT: Schema = {"type": "string"}
_NAMES: Schema = {"type": "array", "items": _TEXT}


def openapi_document() -> dict[str, object]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "forebay",
            "version": "1",
            "description": "Metrics by dimensions, asked by name and answered from the engine"
            " that holds the data.",
        },
        "paths": _PATHS,
        "components": {"schemas": _SCHEMAS, "responses": {"Problem": _PROBLEM_RESPONSE}},
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(properties: Mapping[str, object], *, required: tuple[str, ...] = ()) -> Schema:
    """An object without further keys: what is not known is refused, never ignored."""
    return {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        **({"required": list(required)} if required else {}),
    }


def _named(kind: str) -> Schema:
    """A name, alone or with the name its column shall have."""
    renamed = _object({kind: _TEXT, "as": _TEXT}, required=(kind,))
    return {"oneOf": [_TEXT, renamed]}


_PROBLEM_RESPONSE: Schema = {
    "description": "A refusal; its code says which, its hint what to do.",
    "content": {"application/problem+json": {"schema": _ref("Problem")}},
}

_REFUSED: Schema = {"default": {"$ref": "#/components/responses/Problem"}}

_QUERY = _object(
    {
        "metrics": _array(_named("metric")),
        "dimensions": _array(_named("dimension")),
        "fields": _array(_named("field")),
        "from": {**_TEXT, "description": "The model whose rows are listed."},
        "where": _array(_ref("Filter")),
        "having": _array(_ref("Filter")),
        "order_by": _array(_ref("OrderBy")),
        "limit": {"type": "integer", "minimum": 0},
        "offset": {"type": "integer", "minimum": 0},
        "time": _object(dict.fromkeys(("on", "from", "to", "last", "zone"), _TEXT)),
        "distinct": {"type": "boolean", "default": True},
        "fill": {"enum": [False, True, "dense"], "default": False},
        "top": _object(
            {
                "by": _TEXT,
                "n": {"type": "integer", "minimum": 1},
                "on": _TEXT,
                "other": {"type": "boolean", "default": False},
            },
            required=("by", "n"),
        ),
        "compare": _array(_TEXT),
        "totals": {"type": "boolean", "default": False},
        "params": {"type": "object", "description": "Values of parameters by name."},
        "saved_query": {
            **_TEXT,
            "description": "A saved query, beside where, having, order_by, limit, offset or time.",
        },
    }
)

_FILTER: Schema = {
    "oneOf": [
        {**_TEXT, "description": "A predicate in SQL over semantic names."},
        _object({"field": _TEXT, "op": _TEXT, "value": {}}, required=("field",)),
    ]
}

_ORDER_BY: Schema = {
    "oneOf": [
        {**_TEXT, "description": 'A column\'s name, with "-" before it for descending.'},
        _object(
            {
                "name": _TEXT,
                "desc": {"type": "boolean"},
                "nulls": {"type": "string", "enum": ["first", "last"]},
            },
            required=("name",),
        ),
    ]
}

_COLUMN = _object(
    {
        "name": _TEXT,
        "role": {"type": "string", "enum": ["dimension", "metric", "field"]},
        "type": _TEXT,
        "label": _TEXT,
        "format": _TEXT,
    },
    required=("name", "role", "type", "label", "format"),
)

_SQL: Schema = {"type": ["string", "null"], "description": "Null where it may not be read."}

_STAGES: Schema = {
    "type": "object",
    "additionalProperties": {"type": "number"},
    "description": "Milliseconds by stage.",
}

_META = _object(
    {
        "query_id": _TEXT,
        "cache": {"type": "string", "enum": ["hit", "miss"]},
        "rows": {"type": "integer"},
        "warnings": _array(_ref("Warning")),
        "stages": _STAGES,
        "dialect": _TEXT,
        "sql": _SQL,
        "proof_url": _TEXT,
        "proof": _ref("Proof"),
    },
    required=(
        "query_id",
        "cache",
        "rows",
        "warnings",
        "stages",
        "dialect",
        "sql",
        "proof_url",
        "proof",
    ),
)

_WARNING = _object(
    {
        "code": _TEXT,
        "message": _TEXT,
        "detail": _TEXT,
        "hint": _TEXT,
        "source": {"type": ["object", "null"]},
    },
    required=("code", "message", "detail", "hint", "source"),
)

_ANSWER = _object(
    {
        "columns": _array(_ref("Column")),
        "data": {
            **_array({"type": "object"}),
            "description": "Decimals and integers beyond 2^53 are strings; NaN is null.",
        },
        "meta": _ref("Meta"),
    },
    required=("columns", "data", "meta"),
)

_COMPILED = _object(
    {
        "sql": _SQL,
        "dialect": _TEXT,
        "columns": _array(_ref("Column")),
        "proof": _ref("Proof"),
        "stages": _STAGES,
    },
    required=("sql", "dialect", "columns", "proof", "stages"),
)

_PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457, with a code that never changes its meaning.",
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "instance": _TEXT,
        "code": _TEXT,
        "codes": _NAMES,
        "message": _TEXT,
        "hint": _TEXT,
        "source": _object(
            {"file": _TEXT, "line": {"type": "integer"}, "column": {"type": "integer"}},
            required=("file", "line", "column"),
        ),
    },
    "required": ["type", "title", "status", "detail", "instance", "code", "codes", "hint"],
}

_SCHEMAS: dict[str, Schema] = {
    "Query": _QUERY,
    "Filter": _FILTER,
    "OrderBy": _ORDER_BY,
    "Column": _COLUMN,
    "Meta": _META,
    "Warning": _WARNING,
    "Answer": _ANSWER,
    "Compiled": _COMPILED,
    "Proof": {"type": "object", "description": "Grains, keys, cardinalities, plan choice."},
    "Problem": _PROBLEM,
}

_QUESTION_PARAMETER: Schema = {
    "name": "q",
    "in": "query",
    "required": True,
    "schema": _TEXT,
    "description": "The same document as the body's, or semantic SQL.",
}

_QUESTION_BODY: Schema = {
    "required": True,
    "content": {
        "application/json": {
            "schema": _ref("Query"),
            "example": {"metrics": ["flights"], "dimensions": ["carrier.name"], "limit": 10},
        }
    },
}

_ANSWER_RESPONSE: Schema = {
    "description": "The answer, in the format that Accept asks for; JSON where it does not.",
    "headers": {
        name: {"schema": _TEXT, "description": description}
        for name, description in (
            ("Forebay-Query-Id", "The query's id."),
            ("Forebay-Cache", "hit or miss."),
            ("Forebay-Proof-Url", "Where its proof is told again."),
        )
    },
    "content": {
        Format.JSON.value: {"schema": _ref("Answer")},
        Format.ARROW.value: {},
        Format.PARQUET.value: {},
        Format.NDJSON.value: {},
        Format.CSV.value: {"schema": _TEXT},
    },
}


def _document(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _reading(summary: str, name: str, response: Schema) -> Schema:
    """An operation that takes nothing and answers with one document."""
    return {"operationId": name, "summary": summary, "responses": {"200": response, **_REFUSED}}


def _asking(summary: str, name: str, response: Schema) -> Schema:
    """Both ways to bring a question."""
    responses = {"200": response, **_REFUSED}
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "requestBody": _QUESTION_BODY,
            "responses": responses,
        },
        "get": {
            "operationId": f"{name}_by_parameter",
            "summary": summary,
            "parameters": [_QUESTION_PARAMETER],
            "responses": responses,
        },
    }


_ANY: Schema = {"type": "object"}

_CATALOG_RESPONSES: Schema = {
    "200": {
        **_document("Models and metrics.", _ANY),
        "headers": {"ETag": {"schema": _TEXT, "description": "The catalog's version."}},
    },
    "304": {"description": "The client's copy is of this version."},
    **_REFUSED,
}

_PROOF_PARAMETER: Schema = {"name": "query_id", "in": "path", "required": True, "schema": _TEXT}

_PATHS: dict[str, Schema] = {
    "/": {"get": _reading("What is served.", "index", _document("Paths.", _ANY))},
    "/api/v1/query": _asking("Ask a question.", "query", _ANSWER_RESPONSE),
    "/api/v1/compile": _asking(
        "The SQL a question would run.",
        "compile",
        _document("SQL, columns and proof.", _ref("Compiled")),
    ),
    "/api/v1/catalog": {
        "get": {
            "operationId": "catalog",
            "summary": "What can be asked.",
            "parameters": [
                {"name": "If-None-Match", "in": "header", "required": False, "schema": _TEXT}
            ],
            "responses": _CATALOG_RESPONSES,
        }
    },
    "/api/v1/queries/{query_id}/proof": {
        "get": {
            **_reading("Why an answer is right.", "proof", _document("The proof.", _ref("Proof"))),
            "parameters": [_PROOF_PARAMETER],
        }
    },
    "/healthz": {
        "get": _reading("Whether the process serves.", "healthz", _document("It does.", _ANY))
    },
    "/readyz": {
        "get": _reading("Whether every engine answers.", "readyz", _document("All do.", _ANY))
    },
    "/openapi.json": {
        "get": _reading("This description.", "openapi", _document("OpenAPI 3.1.", _ANY))
    },
}
