"""The loader's own tables of keys as JSON Schema, for editors that complete and check YAML.

What it refuses the loader refuses too; the loader knows more, such as whether a name exists.
"""

from __future__ import annotations

from collections.abc import Mapping

from semantic_models.spec_fields import NAME_MAX
from semantic_models.spec_keys import (
    DIMENSION_TYPES,
    ENGINE_TYPES,
    KINDS,
    MEMBERS,
    MODEL_FILE,
    PARTS,
    POLICY_FILE,
    PROJECT,
    Kind,
    Shape,
)

Schema = dict[str, object]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILES: Mapping[str, Kind] = {
    "models": MODEL_FILE,
    "policies": POLICY_FILE,
    "project": PROJECT,
}
"""The kinds of files, by the name that a schema is asked for."""

_TEXT: Schema = {"type": "string", "pattern": "\\S"}
_SQL: Schema = {"anyOf": [_TEXT, {"type": ["number", "boolean"]}]}
_WORDS: Schema = {"type": "array", "items": _TEXT, "minItems": 1}
_NAMES: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_VALUES: Schema = {"type": "array", "items": _SQL, "minItems": 1}
_SCHEMAS: Mapping[Shape, Schema] = {
    Shape.VERSION: {"const": 1},
    Shape.TEXT: _TEXT,
    Shape.SQL: _SQL,
    Shape.TRUTH: {"type": "boolean"},
    Shape.DIMENSION_TYPE: {"enum": list(DIMENSION_TYPES)},
    Shape.WORDS: _WORDS,
    Shape.COLUMNS: {"anyOf": [_TEXT, _WORDS]},
    Shape.COLUMN_LISTS: {"type": "array", "items": _WORDS, "minItems": 1},
    Shape.COLUMNS_OR_SQL: {"anyOf": [_SQL, _WORDS]},
    Shape.TEXTS: {"type": "object", "additionalProperties": _TEXT, "minProperties": 1},
    Shape.NAMES: _NAMES,
    Shape.VALUE: _SQL,
    Shape.VALUES: _VALUES,
    Shape.VALUE_MAP: {"type": "object", "additionalProperties": _SQL, "minProperties": 1},
    Shape.VALUE_LISTS: {
        "type": "object",
        "additionalProperties": {"anyOf": [_SQL, _VALUES]},
        "minProperties": 1,
    },
    Shape.QUESTION: {"type": "object"},
    Shape.ROWS: {
        "type": "array",
        "items": {
            "type": "array",
            "items": {"type": ["string", "number", "boolean", "null"]},
            "minItems": 1,
        },
    },
    Shape.GOVERNED: {
        "anyOf": [
            _TEXT,
            {
                "type": "object",
                "properties": {"table": _TEXT},
                "required": ["table"],
                "additionalProperties": False,
            },
        ]
    },
    Shape.LISTS: {"type": "object", "additionalProperties": _NAMES, "minProperties": 1},
}
_ENTRIES: Schema = {"type": "array", "items": {"type": ["string", "object"]}}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_ASKED: Mapping[str, Schema] = {
    "from": _TEXT,
    "limit": _COUNT,
    "offset": _COUNT,
    "time": {"type": "object", "additionalProperties": _TEXT},
    **{key: {"type": "boolean"} for key in ("distinct", "totals")},
    **{key: {"type": "object"} for key in ("params", "top")},
    "fill": {"enum": [False, True, "dense"]},
}
"""The keys of a question that take no list of entries."""
_NAME: Schema = {"pattern": "^(?!.*__)[A-Za-z_][A-Za-z0-9_]*$", "maxLength": NAME_MAX}


def json_schema(file: str) -> Schema:
    """The schema of one kind of file, complete in itself."""
    root = FILES[file]
    members = {each.noun: _member(each) for each in KINDS if each not in FILES.values()}
    return {
        "$schema": DIALECT,
        "title": f"forebay: {root.noun}",
        **_long_form(root),
        "$defs": members,
    }


def _member(kind: Kind) -> Schema:
    """A named member in its long form, in its short form, or as a bare name where that is all."""
    forms = [_long_form(kind)]
    if kind.short:
        forms.append(_SCHEMAS[kind.keys[kind.short]])
    if not kind.required and not kind.one_of:
        forms.append({"type": "null"})
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def _long_form(kind: Kind) -> Schema:
    form: Schema = {
        "type": "object",
        "properties": {key: _value(kind, key) for key in kind.keys},
        "additionalProperties": False,
    }
    if kind.required:
        form["required"] = list(kind.required)
    if kind.one_of:
        form["oneOf"] = [{"required": [key]} for key in kind.one_of]
    return form


def _value(kind: Kind, key: str) -> Schema:
    shape = kind.keys[key]
    if shape is Shape.MEMBERS:
        member = {"$ref": f"#/$defs/{MEMBERS[key].noun}"}
        return {
            "type": ["object", "null"],
            "propertyNames": _NAME,
            "additionalProperties": member,
        }
    if shape is Shape.PART:
        return {"$ref": f"#/$defs/{PARTS[key].noun}"}
    if shape is Shape.ASKED:
        return _ASKED.get(key, _ENTRIES)
    if kind is MEMBERS["engines"] and key == "type":
        return {"enum": list(ENGINE_TYPES)}
    return _SCHEMAS[shape]
