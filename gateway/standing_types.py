"""The types that a catalog was built from, compared with the data once for each of its versions."""

from __future__ import annotations

from collections.abc import Mapping

from dialects.generate import relation_name
from gateway.engines.base import Engine
from gateway.errors import DataAltered, EngineFailed
from semantic_models.catalog import Catalog
from semantic_models.model import Model
from semantic_models.types import LogicalType

PLACES_MAX = 1_024
"""How many sets of relations are remembered; asking about one again costs milliseconds."""

RESTART = (
    "Restart the server, so that its models are built from the data as it is, or put data of the "
    "old types back; `forebay validate` tells what a restart would refuse."
)

Place = tuple[str, str, tuple[str, ...]]
"""A catalog's version, an engine's name and the relations that a question reads."""


class StandingTypes:
    """Refuses questions over data whose columns are no longer those that a catalog was built from.

    SQL casts what it computes to the promised types: over another type it would round or cut
    values without a word. Safe for many threads.
    """

    def __init__(self) -> None:
        self._compared: dict[Place, str] = {}

    def compare(
        self, catalog: Catalog, engine: Engine, relations: tuple[str, ...], data_version: str
    ) -> None:
        """Ask the engine for the columns of these relations, unless it told of this version.

        Raises:
            DataAltered: a column is gone, or has another type.
            EngineError: the engine cannot tell.
        """
        place = (catalog.version, engine.name, relations)
        if self._compared.get(place) == data_version:
            return
        for model in catalog.models.values():
            if model.engine == engine.name and relation_name(model.relation) in relations:
                _compare(model, engine)
        if len(self._compared) >= PLACES_MAX:
            self._compared.clear()
        self._compared[place] = data_version


def _compare(model: Model, engine: Engine) -> None:
    if model.columns is None:  # Nothing was told of it, so nothing was promised.
        return
    try:
        told = engine.describe(model.relation)
    except EngineFailed as error:
        raise DataAltered(
            f'model "{model.name}" no longer fits the data of engine "{engine.name}"',
            detail=error.message,
            hint=RESTART,
        ) from error
    _refuse_differing(model, {name.lower(): type_ for name, type_ in told.items()})


def _refuse_differing(model: Model, told: Mapping[str, LogicalType | None]) -> None:
    for name, type_ in (model.columns or {}).items():
        place = f'column "{name}" of model "{model.name}"'
        if name.lower() not in told:
            raise DataAltered(f"{place} is no longer there", hint=RESTART)
        found = told[name.lower()]
        if found != type_:
            raise DataAltered(
                f"{place} is no longer {_spelled(type_)}",
                detail=f"It is {_spelled(found)} now.",
                hint=RESTART,
            )


def _spelled(type_: LogicalType | None) -> str:
    return "of a type that has no name here" if type_ is None else f"of type {type_}"
