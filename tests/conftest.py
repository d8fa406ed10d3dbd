"""The switch that writes the derived parts of the corpus anew."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--update-corpus``."""
    parser.addoption("--update-corpus", action="store_true", help="write derived sections anew")


# Machines are noisy: how long an example takes says nothing about the code.
settings.register_profile("forebay", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("forebay")
