"""The description of the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from gateway.http_api.negotiate import Format
from gateway.http_api.openapi import openapi_document
from semantic_models.errors import UnknownKey
from semantic_models.parse_document import parse_object

DOCUMENT: Any = orjson.loads(orjson.dumps(openapi_document()))
SCHEMAS = DOCUMENT["components"]["schemas"]


def operations() -> Iterator[tuple[str, Any]]:
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            yield path, operation


def references(value: Any) -> Iterator[str]:
    match value:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for each in value.values():
                yield from references(each)
        case list():
            for each in value:
                yield from references(each)
        case _:
            pass


def test_every_reference_leads_somewhere() -> None:
    known = {
        f"#/components/{kind}/{name}"
        for kind, components in DOCUMENT["components"].items()
        for name in components
    }

    assert set(references(DOCUMENT)) == known


def test_operations_are_told_apart_by_their_ids() -> None:
    ids = [operation["operationId"] for _, operation in operations()]

    assert len(ids) == len(set(ids))


def test_every_parameter_of_a_path_is_described() -> None:
    wanted = [set(re.findall(r"{(\w+)}", path)) for path, _ in operations()]

    described = [
        {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        for _, operation in operations()
    ]
    assert described == wanted


def test_every_operation_says_how_it_refuses() -> None:
    refusals = [operation["responses"]["default"] for _, operation in operations()]

    assert refusals == [{"$ref": "#/components/responses/Problem"}] * len(refusals)


def test_the_query_route_is_described_with_its_formats() -> None:
    both = DOCUMENT["paths"]["/api/v1/query"]

    content = both["post"]["responses"]["200"]["content"]
    assert (set(both), set(content)) == ({"get", "post"}, {each.value for each in Format})


@pytest.mark.parametrize(
    ("described", "document"),
    [
        (SCHEMAS["Query"], {"zzzzzzzz": 1}),
        (SCHEMAS["Query"]["properties"]["time"], {"time": {"zzzzzzzz": 1}}),
        (SCHEMAS["Filter"]["oneOf"][1], {"where": [{"zzzzzzzz": 1}]}),
        (SCHEMAS["OrderBy"]["oneOf"][1], {"order_by": [{"zzzzzzzz": 1}]}),
    ],
)
def test_the_described_question_has_the_keys_that_are_read(
    described: Any, document: dict[str, object]
) -> None:
    with pytest.raises(UnknownKey) as refusal:
        parse_object(document)

    assert refusal.value.hint == f"Known keys are {', '.join(sorted(described['properties']))}."
