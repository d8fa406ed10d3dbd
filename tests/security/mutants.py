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


def survivors(faults: Sequence[Fault]) -> list[str]:
    """The faults that no test tells, and the tests that fail where no fault is planted."""
    files = sorted({each for fault in faults for each in fault.tests})
    with ThreadPoolExecutor(WORKERS) as workers:
        sound = list(workers.map(lambda each: _passes((each,)), files))
        alive = list(workers.map(lambda each: _passes(each.tests, each), faults))
    return [
        *(
            f"{each} fails without a fault"
            for each, passes in zip(files, sound, strict=True)
            if not passes
        ),
        *(f"survives: {each}" for each, passes in zip(faults, alive, strict=True) if passes),
    ]


def _passes(tests: Sequence[str], fault: Fault | None = None) -> bool:
    with TemporaryDirectory(prefix="forebay-mutant-") as folder:
        for name in COPIED:
            shutil.copytree(ROOT / name, Path(folder, name), ignore=_kept_by_python)
        shutil.copy(ROOT / "pyproject.toml", folder)
        if fault:
            path = Path(folder, fault.file)
            path.write_text(fault.planted(path.read_text(encoding="utf-8")), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        environment = {**os.environ, "COMPOSITIONS": "1000", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                [*command, *tests],
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
    words = sys.argv[1:]
    chosen = [each for each in FAULTS if not words or any(word in str(each) for word in words)]
    found = survivors(chosen)
    sys.stdout.write(f"{len(chosen)} seeded faults\n")
    for each in found:
        sys.stdout.write(f"    {each}\n")
    return 1 if found or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
