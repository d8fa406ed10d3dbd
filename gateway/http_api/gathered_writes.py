"""What goes to clients, written once a turn of the event loop, and heard out before the end."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

HELD_BYTES_MAX = 64 * 1024

LINGER_S = 5.0
"""How long a client that still sends may go on when it has been refused."""

LINGER_BYTES_MAX = 64 * 2**20
"""How much it may send meanwhile."""

_RESET = struct.pack("ii", 1, 0)


class GatheredWrites(asyncio.Transport):
    """A connection that holds back what is written to it until the turn's other work is done.

    The head and the body of an answer then leave in one piece, and a client is woken once for
    them. Small answers to many clients leave together, which nearly halves the kernel's work.
    """

    def __init__(
        self, transport: asyncio.Transport, expects_more: Callable[[], bool] = bool
    ) -> None:
        super().__init__()
        self._transport = transport
        self._expects_more = expects_more
        self._loop = asyncio.get_running_loop()
        self._held = bytearray()
        self._lingering: asyncio.TimerHandle | None = None
        self._lingered_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send at the end of this turn, or now where much is held already."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held += data
        if len(self._held) > HELD_BYTES_MAX:
            self._send()

    def close(self) -> None:
        """Send what is held, then close; a client that still sends is heard out.

        A system that closes while bytes arrive tells the client of a broken connection, and the
        client drops what it was sent before. To close once more ends that.
        """
        if self._expects_more() and not self.is_closing():
            self.linger()
            return
        self._send()
        self._stop_lingering()
        self._transport.close()

    def linger(self) -> None:
        """Send what is held, then close when the client has closed, or has had its time."""
        self._send()
        if self._transport.can_write_eof():  # TLS cannot.
            self._transport.write_eof()
        self._transport.resume_reading()
        self._lingering = self._loop.call_later(LINGER_S, self.close)

    @property
    def is_lingering(self) -> bool:
        """Whether all was sent, and what still comes is of no interest."""
        return self._lingering is not None

    def drop(self, size_bytes: int) -> None:
        """Take note of what came while lingering."""
        self._lingered_bytes += size_bytes
        if self._lingered_bytes > LINGER_BYTES_MAX:
            self.close()

    def reset(self) -> None:
        """Break the connection off at once, so that the client cannot take it for the end."""
        self._stop_lingering()
        found = self._transport.get_extra_info("socket")
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self.is_lingering or self._transport.is_closing()

    def pause_reading(self) -> None:
        """Read no more requests for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read requests again."""
        self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        """How many bytes the client has not taken."""
        return len(self._held) + self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection."""
        return self._transport.get_extra_info(name, default)

    def _stop_lingering(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()

    def _send(self) -> None:
        # Each piece is a new buffer: the loop may still be writing the last one.
        held, self._held = self._held, bytearray()
        if held and not self.is_closing():
            self._transport.write(held)
