"""Data that nobody changes, of which a question or a project makes much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(*, kw_only: bool = False) -> Callable[[type[_Class]], type[_Class]]:
    """A dataclass to whose fields the type checker lets nobody assign.

    A frozen one refuses it at run time as well, and takes four times as long to make.
    """
    return dataclass(slots=True, unsafe_hash=True, kw_only=kw_only)
