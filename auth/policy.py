"""Policies of a project: who may name what, and which rows and values they see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from semantic_models.model import Expr, Relation, Table
from semantic_models.plan import GroupFloor
from semantic_models.spec import Scalar
from semantic_models.types import LogicalType

Otherwise = Literal["deny", "all"]


@dataclass(frozen=True, slots=True)
class AttributeType:
    """What an attribute of principals may be, as ``attributes`` declares it."""

    type: LogicalType
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class On:
    """What a policy is on: a model, or a table wherever it is read."""

    model: str = ""
    table: tuple[str, ...] = ()
    """The parts of the table's name, where it is on a table."""

    def is_table(self, table: Table) -> bool:
        """Whether a table may be the one it is on: where either leaves parts out, it is."""
        pairs = zip(reversed(self.table), reversed(table.parts), strict=False)
        return bool(self.table) and all(one.lower() == other.lower() for one, other in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """The rows of a model or table that a principal may see."""

    on: On
    predicate: Expr
    """Over the columns of its relation alone; what is behind joins stands in an EXISTS."""
    sources: tuple[Relation, ...] = ()
    """What that EXISTS reads, as it is: no policy is on it there."""
    attributes: frozenset[str] = frozenset()
    """The attributes that it reads; one that is missing denies the model."""
    any_of: str = ""
    """Filters that share this name are alternatives."""
    otherwise: Otherwise = "deny"
    """What those see whom no filter of the same model is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMask:
    """What stands in place of a column's values."""

    on: On
    column: str
    value: Expr
    nothing: Expr
    """NULL, in the column's type."""
    attributes: frozenset[str] = frozenset()

    def as_null(self) -> ColumnMask:
        """The mask that tells nothing."""
        return replace(self, value=self.nothing, attributes=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """Names of a model that are not there."""

    on: On
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Names that somebody may use: those of whole models, or single ones."""

    every_model: bool = False
    models: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()
    members: frozenset[tuple[str, str]] = frozenset()
    """Pairs of a model and a dimension, measure or segment of it."""
    dimensions: frozenset[str] | None = None
    """The only ones beside metrics, of a grant of metrics without rows; else None."""

    @property
    def is_metrics_only(self) -> bool:
        """Whether it lets nobody see rows or values of dimensions."""
        return self.dimensions is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLimits:
    """How much one principal may take."""

    rows: int = 1_000_000
    """Of one answer."""
    bytes: int = 256 * 2**20
    """Of one answer, as Arrow has it."""
    seconds: int = 120
    """How long one question may run."""
    running: int = 8
    """Answers that are made for it at once."""
    queued: int = 64
    """Questions of it that wait until one of those has ended."""
    per_second: int = 60
    """Requests, whatever the door."""
    burst: int = 600
    """Requests at once of whoever has asked little for a while."""
    handles: int = 512
    """Prepared statements that are held for it, as many tickets, and as many proofs."""
    text_bytes: int = 64 * 1024
    """The longest question."""
    depth: int = 32
    """How many lists and objects of a question's document may stand within one another."""
    body_bytes: int = 1024 * 1024
    """The longest body of a request, and the longest command of Flight SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One entry of ``policies``: for whom, and what of each kind it says."""

    name: str
    roles: frozenset[str] | None = None
    """Those it is for, of whom any will do; None: everybody."""
    unless: frozenset[str] = frozenset()
    """Those it is not for."""
    rows: RowFilter | None = None
    masks: tuple[ColumnMask, ...] = ()
    hidden: Hidden | None = None
    grant: Grant | None = None
    floor: GroupFloor | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    """Those of ``RoleLimits`` that it writes."""
    origin: Scalar | None = field(default=None, compare=False, repr=False)

    def applies_to(self, roles: frozenset[str]) -> bool:
        """Whether it is for a principal of these roles."""
        is_for = self.roles is None or bool(self.roles & roles)
        return is_for and not self.unless & roles


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """All policies of a project, under one version."""

    version: str = ""
    """A digest of every policy, and of the attributes they are checked against."""
    is_governed: bool = False
    """Whether the project has policies; without, every authenticated principal sees all."""
    policies: tuple[Policy, ...] = ()
    attributes: Mapping[str, AttributeType] = field(default_factory=dict)
    is_open: bool = False
    """Whether names that no grant tells of may be used: ``default: open``."""
    columns: Mapping[On, tuple[str, ...]] = field(default_factory=dict)
    """The columns of each table that policies are on."""
    limits: RoleLimits | None = None
    """Those that hold where no policy writes another; None: the project writes none."""


NO_POLICIES = PolicySet()
"""Those of a project that has none: every authenticated principal sees all."""
