"""Clients' certificates -> who asks. That one is of the CA, and good, is the transport's word.

A certificate proves somebody by its one subject alternative name, of the kind and letter by letter
as the project has it. Its common name is never looked at.
"""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from auth.errors import AuthenticationFailed
from auth.principal import KnownBy, Principal
from auth.typed_attributes import typed_attributes
from gateway.identity.certificate_settings import Certified
from gateway.identity.client_contexts import is_replaced
from gateway.identity.proven import Declared, Proven

ANY_KIND = ""
"""Of a name whose transport does not tell its kind; OpenSSL has no kind of that name."""


@dataclass(frozen=True, slots=True)
class Presented:
    """A certificate that a transport has verified, as far as it tells of it."""

    names: tuple[tuple[str, str], ...]
    """Pairs of a kind and a name; a certificate that cannot be read has none."""
    until: float = math.inf
    """When it ends, in seconds since the epoch."""
    context: ssl.SSLContext | None = None
    """With which it was verified, where that may be replaced while the connection is open."""


class Certificates:
    """Tells whom certificates prove; safe for many threads."""

    def __init__(
        self,
        certified: Iterable[Certified],
        declared: Declared,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._declared = declared
        self._clock = clock
        self._certified: dict[tuple[str, str], Certified] = {}
        for each in certified:
            self._certified[each.kind, each.san] = each
            self._certified[ANY_KIND, each.san] = each

    def verify(self, presented: Presented) -> Proven:
        """Whom a certificate proves.

        Raises:
            AuthenticationFailed: it proves nobody, or no longer.
        """
        if is_replaced(presented.context):
            raise AuthenticationFailed.because("the certificate was verified with another CA")
        if presented.until <= self._clock():
            raise AuthenticationFailed.because("the certificate has ended")
        if len(presented.names) != 1:
            raise AuthenticationFailed.because(f"the certificate has {len(presented.names)} names")
        found = self._certified.get(presented.names[0])
        if found is None:
            raise AuthenticationFailed.because("the certificate's name stands for nobody")
        return Proven(self._principal(found), presented.until)

    def _principal(self, certified: Certified) -> Principal:
        return Principal(
            name=certified.name,
            roles=certified.roles,
            attributes=typed_attributes(certified.attributes, self._declared()),
            scopes=certified.scopes,
            known_by=KnownBy("certificate", f"{certified.kind}:{certified.san}"),
        )


def presented_over(tls: ssl.SSLObject | None) -> Presented | None:
    """The certificate that a client has shown when it connected; None where it showed none.

    A certificate that cannot be read has no names: it must not pass for none.
    """
    if tls is None:
        return None
    try:
        told: Mapping[str, object] | None = tls.getpeercert()
        return None if told is None else _read(told, tls.context)
    except (ValueError, TypeError, KeyError):
        return Presented((), context=tls.context)


def _read(told: Mapping[str, object], context: ssl.SSLContext) -> Presented:
    names = told.get("subjectAltName", ())
    assert isinstance(names, tuple)
    until = ssl.cert_time_to_seconds(str(told["notAfter"]))
    return Presented(names, float(until), context)


def presented_as(text: bytes) -> Presented:
    """The certificate of a transport that tells one name, and neither its kind nor its end."""
    try:
        return Presented(((ANY_KIND, text.decode("ascii")),))
    except UnicodeDecodeError:
        return Presented(())
