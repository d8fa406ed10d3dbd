"""Something that is looked at again and again, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod

log = logging.getLogger(__name__)


class Watching(ABC):
    """Looks every so many seconds until it is closed; a fault of a look ends no watching."""

    def __init__(self, name: str, every_s: float, failed: str) -> None:
        self._every_s = every_s
        self._failed = failed
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    @abstractmethod
    def look(self) -> None:
        """Look once, and do what is due."""

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self.look()
            except Exception:
                log.exception(self._failed)
