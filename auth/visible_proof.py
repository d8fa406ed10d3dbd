"""A proof in the names that whoever asks may use; what has none is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auth.visible import names_dimension
from semantic_models.catalog import Catalog
from semantic_models.model import Model

Told = Mapping[str, Any]
"""A proof, or a part of one, as ``prove`` makes it."""


def proof_in_names(proof: Told, catalog: Catalog) -> dict[str, object]:
    """The shape of a proof: homes, plans and joins, without an expression or a column.

    Only what stands here is told, so that what proofs come to say is not told by itself.
    """
    told: dict[str, object] = {
        "shape": proof["shape"],
        "grain": proof["grain"],
        "zone": proof["zone"],
        "branches": [_branch(each, catalog) for each in proof["branches"]],
    }
    told |= {key: proof[key] for key in ("stitch", "rows") if key in proof}
    if "totals" in proof:
        told["totals"] = [proof_in_names(each, catalog) for each in proof["totals"]]
    if "filled" in proof:
        told["filled"] = {"grain": proof["filled"]["grain"]}
    return told


def _branch(branch: Told, catalog: Catalog) -> dict[str, object]:
    home = catalog.models.get(branch["home"])
    if home is None:
        return {"home": None, "plan": branch["plan"]}
    time = branch["metric_time"]
    return {
        "home": home.name,
        "plan": branch["plan"],
        "metric_time": time if time and names_dimension(catalog.models, home, time) else None,
        "measures": [
            {"name": each["name"]}
            for each in branch["measures"]
            if each["name"].partition(".")[2] in home.measures
        ],
        "joins": list(_joins(branch["joins"], home, catalog)),
        "exists": list(_joins(branch["exists"], home, catalog)),
    }


def _joins(joins: list[Told], home: Model, catalog: Catalog) -> Iterator[dict[str, object]]:
    for each in joins:
        names = [home.name, *_walked(each["path"].split("."), home, catalog)]
        if names[-2:] == [each["from"], each["to"]]:
            yield {key: each[key] for key in ("path", "from", "to", "cardinality")}


def _walked(path: list[str], home: Model, catalog: Catalog) -> Iterator[str]:
    """The models along a path of joins, as far as those have names."""
    model = home
    for name in path:
        join = model.joins.get(name)
        if join is None or join.target not in catalog.models:
            yield ""
            return
        yield join.target
        model = catalog.models[join.target]
