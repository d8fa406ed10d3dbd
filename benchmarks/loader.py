"""Many HTTP connections from one process, each asking again as soon as it is answered."""

from __future__ import annotations

import selectors
import socket
import time

CONNECTIONS = 32


def answers_per_second(port: int, request: bytes, *, seconds: float) -> float:
    """How many whole answers arrive in a second."""
    selector = selectors.DefaultSelector()
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    pending: dict[socket.socket, bytearray] = {}
    for each in connections:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        each.settimeout(0)
        selector.register(each, selectors.EVENT_READ)
        pending[each] = bytearray()
        each.sendall(request)
    answered = 0
    started_s = time.perf_counter()
    while time.perf_counter() - started_s < seconds:
        for key, _ in selector.select(timeout=1.0):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            received = pending[connection]
            received += connection.recv(262_144)
            if _is_whole(received):
                received.clear()
                answered += 1
                connection.sendall(request)
    elapsed_s = time.perf_counter() - started_s
    for each in connections:
        each.close()
    return answered / elapsed_s


def _is_whole(received: bytearray) -> bool:
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = received[:end].lower()
    assert head.startswith(b"http/1.1 200"), bytes(received[:200])
    at = head.find(b"content-length:")
    assert at > 0, "a kept answer says its length"
    length = int(head[at + 15 :].split(b"\r\n", 1)[0])
    return len(received) >= end + 4 + length
