"""The catalog document as one principal may read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from auth.decide import decide
from auth.principal import Principal
from auth.visible import names_dimension
from gateway.catalog_document import catalog_document
from gateway.snapshot import Snapshot
from gateway.telling import telling
from semantic_models.catalog import Catalog

Told = dict[str, Any]

_OF_MODELS = frozenset({"engine", "relation", "key", "unique", "where"})
_OF_MEMBERS = frozenset({"expr", "where", "columns", "key"})
_MEMBERS = ("dimensions", "hierarchies", "measures", "segments", "joins", "bridges")


class SeenCatalog(NamedTuple):
    """A catalog as it is told, and the version of what is told."""

    version: str
    body: bytes


def seen_catalog(snapshot: Snapshot, principal: Principal) -> SeenCatalog:
    """What somebody is told of a catalog; two who are told the same are told one version of it."""
    rights = decide(snapshot.policies, principal)
    catalog = snapshot.visible_to(rights)
    document = catalog_document(catalog)
    if not snapshot.policies.is_governed:
        return SeenCatalog(catalog.version, orjson.dumps(document))
    tells_sql = telling(snapshot.policies, principal, rights).sql
    told = {**document, "version": "", **_named(document, catalog, tells_sql=tells_sql)}
    version = blake2b(orjson.dumps(told), digest_size=16).hexdigest()
    return SeenCatalog(version, orjson.dumps({**told, "version": version}))


def _named(document: Told, catalog: Catalog, *, tells_sql: bool) -> Told:
    """Models and metrics without hidden names; without SQL and physical names, unless told."""
    of_models, of_members = (frozenset(), frozenset()) if tells_sql else (_OF_MODELS, _OF_MEMBERS)
    models = [
        {
            **_without(each, of_models),
            **{key: [_without(one, of_members) for one in each[key]] for key in _MEMBERS},
            "measures": [_without(one, of_members) for one in _measures(each, catalog)],
        }
        for each in document["models"]
    ]
    metrics = [
        {
            **_without(each, of_members),
            "inputs": [
                _without(one, of_members)
                for one in each["inputs"]
                if one["model"] in catalog.models
                and one["measure"] in catalog.models[one["model"]].measures
            ],
        }
        for each in document["metrics"]
    ]
    return {"models": models, "metrics": metrics}


def _measures(told: Told, catalog: Catalog) -> Iterator[Told]:
    """The measures of a model, each without its time where that has no name."""
    model = catalog.models[told["name"]]
    for each in told["measures"]:
        time = each["time"]
        is_named = time is not None and names_dimension(catalog.models, model, time)
        yield each if is_named else {**each, "time": None}


def _without(told: Mapping[str, Any], keys: frozenset[str]) -> Told:
    return {key: value for key, value in told.items() if key not in keys}
