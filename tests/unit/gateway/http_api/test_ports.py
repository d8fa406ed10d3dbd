"""What the front end needs of the gateway."""

from __future__ import annotations

from dataclasses import asdict

from gateway.http_api.ports import Limits, Served, unobserved


def test_limits_hold_without_being_set() -> None:
    assert asdict(Limits()) == {
        "body_bytes_max": 1_048_576,
        "question_bytes_max": 65_536,
        "body_timeout_s": 15.0,
        "stall_timeout_s": 60.0,
        "threads_max": 64,
    }


def test_nobody_need_watch() -> None:
    unobserved(
        Served(
            query_id="ab-1",
            media_type="text/csv",
            cache="hit",
            rows=1,
            size_bytes=2,
            elapsed_ms=0.5,
            stages={},
            code="",
        )
    )
