"""Progress on stderr, for people who wait."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa

SILENT_S = 0.3
"""Work that ends sooner shows nothing."""


class Working:
    """One piece of work, and the rows that have come of it."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._rows = 0
        self._over = threading.Event()
        self._shown = False
        self._thread = threading.Thread(target=self._show, daemon=True)
        if sys.stderr.isatty():
            self._thread.start()

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches, counted as they pass."""
        for batch in batches:
            self._rows += batch.num_rows
            yield batch

    def end(self) -> None:
        """Take the line away."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False

    def _show(self) -> None:
        wait_s = SILENT_S
        while not self._over.wait(wait_s):
            rows = f", {self._rows:,} rows" if self._rows else ""
            sys.stderr.write(f"\r\x1b[K{self._what}{rows} … (Ctrl-C stops it)")
            sys.stderr.flush()
            self._shown, wait_s = True, 0.2


@contextmanager
def progress(what: str) -> Iterator[Working]:
    """Show that work goes on, where somebody watches."""
    working = Working(what)
    try:
        yield working
    finally:
        working.end()
