"""The floors hold, and a planted breach of each contract is caught."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.tree import PACKAGES, ROOT

BREACHES = {
    "floors": ("semantic_models/types.py", "import auth.govern"),
    "the lower floors do no I/O": ("auth/govern.py", "import asyncio"),
    "Arrow is known to dialects.types, cache and gateway": ("auth/govern.py", "import pyarrow"),
    "inside the gateway": ("gateway/errors.py", "import gateway.pipeline"),
    "front ends know no engine, store or dialect": (
        "gateway/http_api/app.py",
        "from gateway.engines import duckdb",
    ),
    "no cycles": ("dialects/physical.py", "import dialects.generate"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and their contracts, free to be broken."""
    for each in PACKAGES:
        left_out = shutil.ignore_patterns("__pycache__", "data")
        shutil.copytree(ROOT / each, tmp_path / each, ignore=left_out)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_contracts_are_kept(copy: Path) -> None:
    assert _broken(copy) == []


@pytest.mark.slow
@pytest.mark.parametrize("contract", BREACHES)
def test_a_planted_import_breaks_its_contract(copy: Path, contract: str) -> None:
    name, line = BREACHES[contract]
    module = copy / name
    module.write_text(f"{module.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")

    assert contract in _broken(copy)


def _broken(folder: Path) -> list[str]:
    """The names of the contracts that are broken in ``folder``."""
    command = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [command, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )
    lines = run.stdout.splitlines()
    assert any(each.startswith("Contracts: ") for each in lines), run.stdout + run.stderr
    return [each.partition(" BROKEN")[0] for each in lines if " BROKEN" in each]
