"""Metrics asked of two states of a project over the data that is there now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import orjson

from auth.principal import ANONYMOUS
from gateway.compose import gateway_of
from gateway.ctrl_c import stopped_by_ctrl_c
from gateway.pipeline import Gateway
from gateway.project import load_files
from gateway.settings import Settings
from semantic_models.errors import ForebayError

Value = object
"""What an answer holds of one cell; None for NULL."""


@dataclass(frozen=True, slots=True)
class Told:
    """A metric's total, or why there is none."""

    value: Value = None
    code: str = ""
    """The code of the refusal; empty where there is a value."""


ABSENT = Told()


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric's total before and after."""

    name: str
    old: Told
    new: Told

    @property
    def difference(self) -> int | float | Decimal | None:
        """The new value less the old one; None where one of them is no number."""
        old, new = _number(self.old.value), _number(self.new.value)
        if old is None or new is None:
            return None
        if isinstance(old, float) or isinstance(new, float):
            return float(new) - float(old)
        return new - old

    @property
    def percent(self) -> float | None:
        """The difference in percent of the old value; None where that is 0."""
        difference, old = self.difference, _number(self.old.value)
        return float(difference) / abs(float(old)) * 100 if difference is not None and old else None


def totals(files: Mapping[str, bytes], folder: Path, names: Iterable[str]) -> Mapping[str, Told]:
    """The total of each metric of a project; a name that it has not is absent.

    Raises:
        FaultyProject, ProjectError, EngineError: the project cannot be served.
    """
    settings = Settings(project=folder, cache_bytes_max=0)
    gateway = gateway_of(load_files(files, folder).without_policies(), settings)
    try:
        known = gateway.snapshot.catalog.metrics
        return {name: total(gateway, name) for name in names if name in known}
    finally:
        gateway.close()


def compared(
    names: Iterable[str], old: Mapping[str, Told], new: Mapping[str, Told]
) -> Iterator[Compared]:
    """The totals of both sides, metric by metric."""
    yield from (Compared(name, old.get(name, ABSENT), new.get(name, ABSENT)) for name in names)


def total(gateway: Gateway, name: str) -> Told:
    """The total of one metric, or the code of its refusal."""
    try:
        with stopped_by_ctrl_c():
            return Told(_value_of(gateway, name))
    except ForebayError as error:
        return Told(code=error.code)


def _value_of(gateway: Gateway, name: str) -> Value:
    prepared = gateway.prepare(orjson.dumps({"metrics": [name]}), ANONYMOUS)
    stream = gateway.fetch(prepared).stream
    with closing(stream):
        (value,) = (each for batch in stream for each in batch.column(0).to_pylist())
    return value


def _number(value: Value) -> int | float | Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return value
