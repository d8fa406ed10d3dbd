"""One canonical line a query."""

from __future__ import annotations

import logging

import orjson

from gateway.http_api.ports import Served

log = logging.getLogger("forebay.queries")


def log_served(served: Served) -> None:
    """Write what became of a query over HTTP."""
    if log.isEnabledFor(logging.INFO):
        log.info(
            "query %s",
            orjson.dumps(
                {
                    "id": served.query_id,
                    "front_end": "http",
                    "format": served.media_type,
                    "cache": served.cache,
                    "rows": served.rows,
                    "bytes": served.size_bytes,
                    "ms": round(served.elapsed_ms, 3),
                    "stages": dict(served.stages),
                    "code": served.code,
                }
            ).decode(),
        )
