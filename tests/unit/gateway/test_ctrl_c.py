"""Ctrl-C ends what waits for an engine, whatever the engine makes of it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.compare_values import Told, total
from gateway.ctrl_c import stopped_by_ctrl_c
from gateway.errors import EngineFailed
from gateway.pipeline import Gateway
from gateway.project_tests import run_test
from semantic_models.faults import Faults
from semantic_models.parse_spec import read_project

PROJECT = {
    "forebay.yml": b"version: 1\nname: slow\nengines: {local: {type: duckdb, path: slow.duckdb}}\n",
    "models/slow.yml": b"version: 1\ntests: {slow: {query: {metrics: [total]}, expect: [[1]]}}\n",
}


def failing(*_: object) -> Any:
    raise EngineFailed("failed")


def interrupted(*_: object) -> Any:
    """What DuckDB makes of Ctrl-C: a failure of its own."""
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    raise EngineFailed("interrupted")


def gateway_that(prepare: Callable[..., Any]) -> Gateway:
    return cast(Gateway, SimpleNamespace(prepare=prepare, fetch=prepare))


def test_a_failure_without_ctrl_c_stays_one() -> None:
    with pytest.raises(EngineFailed), stopped_by_ctrl_c():
        failing()


def test_the_handler_of_before_is_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), stopped_by_ctrl_c():
        interrupted()

    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_is_no_failure_of_a_projects_test() -> None:
    with pytest.raises(KeyboardInterrupt):
        run_test(read_project(PROJECT, Faults()).tests[0], gateway_that(interrupted))


def test_ctrl_c_is_no_refusal_of_a_total() -> None:
    assert total(gateway_that(failing), "revenue") == Told(code="SL601")
    with pytest.raises(KeyboardInterrupt):
        total(gateway_that(interrupted), "revenue")
