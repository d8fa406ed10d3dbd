"""One small JSON document from an address of the operator's, and from nowhere else.

No redirect is followed and no proxy asked. The name is resolved once, what it stands for is
looked at, and exactly that is connected to: a name cannot mean another machine a moment later.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
from urllib.parse import urlsplit

TIMEOUT_S = 5.0
BYTES_MAX = 256 * 1024


class NotFetched(Exception):
    """Why there is no document, for the log; without the address, which may hold a secret."""


def fetch_json(url: str, *, allow_private: bool) -> dict[str, object]:
    """The object that an address answers with.

    Raises:
        NotFetched: it may not be asked, or does not answer with one.
    """
    try:
        held = _fetch(url, allow_private=allow_private)
        document = json.loads(held)
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
        raise NotFetched(type(error).__name__) from error
    if not isinstance(document, dict):
        raise NotFetched("the answer is no object")
    return document


def _fetch(url: str, *, allow_private: bool) -> bytes:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _address(host, port, allow_private=allow_private)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = _PinnedTls(host, port, address)
    elif parts.scheme == "http" and allow_private and ipaddress.ip_address(address).is_loopback:
        connection = _Pinned(host, port, address)
    else:
        raise NotFetched("without TLS this machine alone is asked")
    try:
        target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        connection.request("GET", target, headers={"accept": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise NotFetched(f"the answer has status {response.status}")
        held = response.read(BYTES_MAX + 1)
    finally:
        connection.close()
    if len(held) > BYTES_MAX:
        raise NotFetched(f"the answer has more than {BYTES_MAX} bytes")
    return held


def _address(host: str, port: int, *, allow_private: bool) -> str:
    """The address of a host, all of whose addresses may be asked."""
    found = {str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    if not allow_private:
        for each in found:
            if not is_public(each):
                raise NotFetched(f"the host has the private address {each}")
    return min(found)


def is_public(address: str) -> bool:
    """Whether an address is one of the whole internet's, however it is wrapped."""
    read = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(read, ipaddress.IPv6Address):
        inner = read.ipv4_mapped or read.sixtofour or (read.teredo[1] if read.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if read in ipaddress.ip_network("64:ff9b::/96"):
            return is_public(str(ipaddress.IPv4Address(int(read) & 0xFFFFFFFF)))
    return read.is_global and not read.is_multicast


class _Pinned(http.client.HTTPConnection):
    """A connection to an address, whatever its host's name may mean by then."""

    def __init__(self, host: str, port: int, address: str) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)


class _PinnedTls(_Pinned):
    """The same over TLS, with a certificate of the host's own name."""

    def connect(self) -> None:
        super().connect()
        context = ssl.create_default_context()
        self.sock = context.wrap_socket(self.sock, server_hostname=self.host)
