"""``python -m benchmarks [NAME …]``: one line of JSON a benchmark."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from benchmarks.compiling import compiling
from benchmarks.figure import Figure
from benchmarks.governed import governed
from benchmarks.serving import flight_cached, http_cached, large_results
from benchmarks.starting import cli_help
from benchmarks.wide import wide

GROUPS: dict[str, Callable[[], Iterator[Figure]]] = {
    "compile": compiling,
    "governed": governed,
    "http_cached": http_cached,
    "flight_cached": flight_cached,
    "large": large_results,
    "cli_help": cli_help,
    "wide": wide,
}


def main(chosen: list[str]) -> None:
    """Run the groups that are named, or all."""
    for name, group in GROUPS.items():
        if not chosen or name in chosen:
            for figure in group():
                print(figure.line(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
