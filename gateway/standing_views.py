"""Views and macros of the data, looked at once for each of its versions."""

from __future__ import annotations

from auth.check_selects import on_tables
from auth.check_views import faults_of_derived
from gateway.engines.base import Engine
from gateway.errors import DataAltered
from gateway.snapshot import Snapshot

PLACES_MAX = 64
"""How many pairs of a snapshot and an engine are remembered."""


class StandingDerived:
    """Refuses questions over data that has come to show tables past their policies.

    A view that is put in a table's place, or over one that has policies, would go past them.
    """

    def __init__(self) -> None:
        self._looked: dict[tuple[str, str], str] = {}

    def check(self, snapshot: Snapshot, engine: Engine, data_version: str) -> None:
        """Look at the views of an engine, unless that was done for this version of its data.

        Raises:
            DataAltered: one of them reads a table past its policies.
            EngineError: the engine cannot tell.
        """
        if not on_tables(snapshot.policies.policies):
            return
        place = (snapshot.version, engine.name)
        if self._looked.get(place) == data_version:
            return
        known = engine.derived()
        for fault in faults_of_derived(snapshot.policies, snapshot.catalog, engine.name, known):
            raise DataAltered(
                f'views of engine "{engine.name}" show tables past their policies',
                detail=fault.message,
                hint="Take the view away again, or restart the server to be told where it is read.",
            )
        if len(self._looked) >= PLACES_MAX:
            self._looked.clear()
        self._looked[place] = data_version
