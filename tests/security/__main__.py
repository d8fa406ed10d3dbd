"""Run every row of the security tests at its full size, and print one line a row.

ROWS=S2,S4 N=2000 SEED=0 python -m tests.security, where N is how many inputs a row asks at most
"""

from __future__ import annotations

import os
import sys
import time

from tests.security.figures import Figures
from tests.security.probed_engines import MissingEngine
from tests.security.rows import ROWS, Row

SHOWN = 20


def main() -> int:
    """Run the rows that ``ROWS`` names, or all."""
    wanted = set(filter(None, os.environ.get("ROWS", "").split(",")))
    sound = [_is_sound(each) for each in ROWS if not wanted or each.name in wanted]
    return 0 if all(sound) else 1


def _is_sound(row: Row) -> bool:
    start = time.perf_counter()
    try:
        figures = row.run(min(row.nightly, int(os.environ.get("N") or row.nightly)))
    except MissingEngine as error:
        figures = Figures(0, wrong=(str(error),))
    seconds = time.perf_counter() - start
    told = (
        f"{figures.inputs} inputs, {len(figures.leaks)} leaks, {len(figures.wrong)} wrong verdicts"
    )
    sys.stdout.write(f"{row.name:<4}{row.says:<34}{told}, {seconds:.0f} s\n")
    for each in (*figures.leaks, *figures.wrong)[:SHOWN]:
        sys.stdout.write(f"    {each}\n")
    sys.stdout.flush()
    return bool(figures.inputs) and not figures.leaks and not figures.wrong


if __name__ == "__main__":
    sys.exit(main())
