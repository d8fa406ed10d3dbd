"""Seeded faults of the rewrite and the composition, and whether the tests named for them tell.

python -m tests.security.mutants [WORD ...]

Each fault is one small change of a source file in a temporary copy. It is killed where one of its
tests fails; words choose those whose file or text has one of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.security.seeded_faults import FAULTS, Fault

ROOT = Path(__file__).parents[2]
COPIED = ("auth", "cache", "dialects", "gateway", "semantic_models", "tests")
WORKERS = 2
TIMEOUT_S = 300


def survivors(words: Sequence[str] = ()) -> tuple[int, list[str]]:
    """How many faults were tried, and those that no test tells."""
    chosen = [each for each in FAULTS if not words or any(word in str(each) for word in words)]
    with ThreadPoolExecutor(WORKERS) as workers:
        alive = list(workers.map(_lives, chosen))
    return len(chosen), [str(each) for each, lives in zip(chosen, alive, strict=True) if lives]


def _lives(fault: Fault) -> bool:
    with TemporaryDirectory(prefix="forebay-mutant-") as folder:
        for name in COPIED:
            shutil.copytree(ROOT / name, Path(folder, name), ignore=_kept_by_python)
        shutil.copy(ROOT / "pyproject.toml", folder)
        path = Path(folder, fault.file)
        path.write_text(fault.planted(path.read_text(encoding="utf-8")), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        environment = {**os.environ, "COMPOSITIONS": "300", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                [*command, *fault.tests],
                cwd=folder,
                env=environment,
                capture_output=True,
                check=False,
                timeout=TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def _kept_by_python(_: str, names: list[str]) -> list[str]:
    return [each for each in names if each == "__pycache__"]


def main() -> int:
    """Plant the faults that the command line names, or all."""
    total, alive = survivors(sys.argv[1:])
    sys.stdout.write(f"{total - len(alive)} of {total} seeded faults are killed\n")
    for each in alive:
        sys.stdout.write(f"    survives: {each}\n")
    return 1 if alive or not total else 0


if __name__ == "__main__":
    sys.exit(main())
