"""Who makes a call: found out before any method of the server is reached."""

from __future__ import annotations

from pyarrow import flight

from auth.principal import Principal
from gateway.flight_sql.failures import told_to_clients
from gateway.identity.certificates import presented_as
from gateway.identity.identify import Identity

IDENTITY = "identity"
"""The name under which a call finds who makes it."""

Headers = dict[str, list[str] | list[bytes]]


def credentials_in(headers: Headers) -> list[bytes]:
    """The values of all headers ``Authorization``."""
    return [
        value.encode() if isinstance(value, str) else value
        for name, values in headers.items()
        if name.lower() == "authorization"
        for value in values
    ]


class Identifying(flight.ServerMiddlewareFactory):
    """Identifies whoever makes a call, by its headers ``Authorization``; refuses all others."""

    def __init__(self, identity: Identity) -> None:
        super().__init__()
        self._identity = identity

    def start_call(self, info: flight.CallInfo, headers: Headers) -> flight.ServerMiddleware:
        """Let a call in, and give a handshake its token."""
        credentials = credentials_in(headers)
        with told_to_clients():
            if info.method == flight.FlightMethod.HANDSHAKE:
                return Bearer(self._identity.start_session(credentials))
            return Identified(self._identity.identify(credentials, takes_basic=True))


class Identified(flight.ServerMiddleware):
    """A call of which it is known who makes it."""

    def __init__(self, principal: Principal) -> None:
        super().__init__()
        self.principal = principal


class IdentifyingByCertificate(flight.ServerMiddlewareFactory):
    """Keeps the headers of a call until its method knows the certificate of its connection."""

    def __init__(self, identity: Identity) -> None:
        super().__init__()
        self._identity = identity

    def start_call(self, info: flight.CallInfo, headers: Headers) -> flight.ServerMiddleware:
        """Let a call in, which is nobody's yet."""
        return ByCertificate(self._identity, credentials_in(headers))


class ByCertificate(flight.ServerMiddleware):
    """A call over a connection whose client has shown a certificate."""

    def __init__(self, identity: Identity, credentials: list[bytes]) -> None:
        super().__init__()
        self._identity = identity
        self._credentials = credentials

    def principal(self, peer: bytes) -> Principal:
        """Who makes the call, by the name that the transport tells of the certificate."""
        certificate = presented_as(peer)
        return self._identity.identify(self._credentials, certificate, takes_basic=True)


class Bearer(flight.ServerMiddleware):
    """A handshake, whose answer has a token for the calls to come."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def sending_headers(self) -> Headers:
        """The header that clients read it from."""
        return {"authorization": [f"Bearer {self._token}"]}


class LeaveToMiddleware(flight.ServerAuthHandler):
    """Asks for nothing: without a handler pyarrow refuses every handshake."""

    def authenticate(self, outgoing: object, incoming: object) -> None:
        """The middleware has identified whoever is here."""

    def is_valid(self, token: bytes) -> bytes:  # type: ignore[override]
        """The same."""
        return b""


def principal_of(context: flight.ServerCallContext) -> Principal:
    """Who makes a call.

    Raises:
        AuthenticationFailed: the certificate of its connection proves nobody.
    """
    found = context.get_middleware(IDENTITY)
    if isinstance(found, ByCertificate):
        return found.principal(context.peer_identity())
    assert isinstance(found, Identified), "no call passes the middleware without it"
    return found.principal
