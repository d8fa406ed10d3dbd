"""Who makes a call: found out before its method does anything."""

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
    """Finds the credentials of a call, in its headers ``Authorization``.

    Those of a handshake are verified at once, although it is not told from where one comes, and
    those of GetSchema, whose method could tell no client that they prove nobody.
    """

    def __init__(self, identity: Identity) -> None:
        super().__init__()
        self._identity = identity

    def start_call(self, info: flight.CallInfo, headers: Headers) -> flight.ServerMiddleware:
        """Let a call in, and give a handshake its token."""
        credentials = credentials_in(headers)
        with told_to_clients():
            if info.method == flight.FlightMethod.HANDSHAKE:
                return Bearer(self._identity.start_session(credentials))
            if info.method == flight.FlightMethod.GET_SCHEMA:
                self._identity.identify(credentials, takes_basic=True)
        return Presented(self._identity, credentials)


class Presented(flight.ServerMiddleware):
    """The credentials of a call, verified once it is known from where it comes, and not before."""

    def __init__(self, identity: Identity, credentials: list[bytes]) -> None:
        super().__init__()
        self._identity = identity
        self._credentials = credentials

    def principal(self, context: flight.ServerCallContext) -> Principal:
        """Who makes the call; refuses as ``Identity.identify`` does."""
        return self._identity.identify(
            self._credentials, takes_basic=True, address=address_of(context.peer())
        )


class IdentifyingByCertificate(flight.ServerMiddlewareFactory):
    """Keeps the headers of a call until its method knows the certificate of its connection."""

    def __init__(self, identity: Identity) -> None:
        super().__init__()
        self._identity = identity

    def start_call(self, info: flight.CallInfo, headers: Headers) -> flight.ServerMiddleware:
        """Let a call in, which is nobody's yet."""
        return PresentedBeside(self._identity, credentials_in(headers))


class PresentedBeside(Presented):
    """The credentials of a call whose client has shown a certificate."""

    def principal(self, context: flight.ServerCallContext) -> Principal:
        """Who makes the call, by the name that the transport tells of the certificate."""
        return self._identity.identify(
            self._credentials,
            presented_as(context.peer_identity()),
            takes_basic=True,
            address=address_of(context.peer()),
        )


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
    """Who makes a call. Every method asks this first, since nothing else refuses strangers.

    Raises:
        AuthenticationFailed: nobody is proved.
    """
    found = context.get_middleware(IDENTITY)
    assert isinstance(found, Presented), "no call passes the middleware without it"
    return found.principal(context)


def address_of(peer: str) -> str:
    """The address in gRPC's word for the other end, ``ipv4:10.0.0.1:5000``."""
    return peer.partition(":")[2].rpartition(":")[0].strip("[]")
