"""What the operator may set: one frozen tree, each field with its line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gateway.audit_log import AuditSettings
from gateway.execution import ExecutionLimits
from gateway.promise_guard import CheckKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a gateway serves one project."""

    project: Path
    """The folder that holds forebay.yml."""
    host: str = "127.0.0.1"
    """The address both ports listen on; another than the loopback needs TLS and credentials."""
    http_port: int = 8080
    """0 takes a free one."""
    flight_port: int = 8815
    """0 takes a free one."""
    flight_mtls_port: int | None = None
    """The port of Flight SQL for clients that prove themselves by certificates; None is none."""
    anonymous: bool = False
    """Whether who has no credentials may ask, with the role ``demo``; only on the loopback."""
    tls_cert: Path | None = None
    """The certificate of both ports, with its chain, as PEM; None: they speak without TLS."""
    tls_key: Path | None = None
    """Its key."""
    timeout_s: float = 120.0
    """How long one query may run."""
    grace_s: float = 0.0
    """How long both ports still take questions when told to stop, while ``/readyz`` says so."""
    reload_s: float = 1.0
    """How often the project's files are looked at, to serve them when they change; 0 is never."""
    text_bytes_max: int = 64 * 1024
    """The longest question in SQL, and the longest predicate."""
    memo_bytes_max: int = 32 * 2**20
    """Prepared questions that are remembered; those prepared first go first."""
    proofs_max: int = 4_000
    """Answers whose proof can still be asked for."""
    cache_bytes_max: int = 256 * 2**20
    """Answers kept in memory; 0 keeps none."""
    types_folder: Path | None = None
    """Where the types told by engines are kept; None is the user's cache folder."""
    check_keys: CheckKeys = "off"
    """Whether an answer is told with a warning, or refused, where data breaks what it relies on."""
    checks_folder: Path | None = None
    """Where it is kept what data breaks; None is the user's cache folder."""
    audit: AuditSettings | None = None
    """Where and how decisions are written down; None writes none."""
    execution: ExecutionLimits = field(default_factory=ExecutionLimits)
