"""What an engine is asked to run."""

from __future__ import annotations

from dataclasses import dataclass

from semantic_models.types import LogicalType


@dataclass(frozen=True, slots=True)
class PhysicalQuery:
    """One SELECT in an engine's SQL, and the columns it promises."""

    text: str
    dialect: str
    engine: str
    """The engine's name in the project."""
    columns: tuple[tuple[str, LogicalType], ...]
    """Names and types of the result, in order; what an engine gives is cast to these."""
    relations: tuple[str, ...]
    """The tables and SELECTs it reads, each once, for the versions of data it depends on."""
