"""The name of an answer."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from semantic_models.plan import GovernedPlan


class CacheKey(NamedTuple):
    """Equal keys mean equal answers.

    Its parts stay apart, because only the last is found anew for each request.
    """

    fingerprint: str
    """Of the governed plan and its SQL."""
    engine_identity: str
    """Kind, version and place of the data."""
    data_version: str
    """Differs whenever the data may."""


def fingerprint(governed: GovernedPlan, *, sql: str, dialect_version: str) -> str:
    """Name a governed plan, in 32 hexadecimal digits: equal names mean equal answers over one data.

    ``sql`` is what ``generate`` made of the plan: it holds every relation, expression, predicate
    and literal in one canonical order. The principal is no part of the name: what it may see is
    in the plan already, so two principals share an answer exactly when their plans are equal.
    """
    plan = governed.plan
    promised = ",".join(f"{each.name}:{each.type}" for each in plan.columns)
    digest = blake2b(digest_size=16)
    for part in (sql, promised, plan.zone, dialect_version):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()
