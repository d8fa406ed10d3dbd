"""The switch that writes the derived parts of the corpus anew."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--update-corpus``."""
    parser.addoption("--update-corpus", action="store_true", help="write derived sections anew")
