"""The name of an answer."""

from __future__ import annotations

from hashlib import blake2b

from semantic_models.plan import GovernedPlan

CacheKey = str
"""32 hexadecimal digits; equal keys mean equal answers."""


def fingerprint(
    governed: GovernedPlan,
    *,
    sql: str,
    dialect_version: str,
    engine_identity: str,
    data_version: str,
) -> CacheKey:
    """Name the answer to a governed plan over one version of the data.

    ``sql`` is what ``generate`` made of the plan: it holds every relation, expression, predicate
    and literal in one canonical order. The principal is no part of the key: what it may see is
    in the plan already, so two principals share an answer exactly when their plans are equal.
    """
    plan = governed.plan
    promised = ",".join(f"{each.name}:{each.type}" for each in plan.columns)
    digest = blake2b(digest_size=16)
    for part in (sql, promised, plan.zone, dialect_version, engine_identity, data_version):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()
