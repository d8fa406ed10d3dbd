"""Whom a certificate proves that a transport has verified."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import Any, cast

import pytest

from auth.errors import AuthenticationFailed
from auth.principal import Principal
from gateway.identity.certificate_settings import Certified
from gateway.identity.certificates import (
    ANY_KIND,
    Certificates,
    Presented,
    presented_as,
    presented_over,
)
from gateway.identity.client_contexts import ClientContext
from tests.support.issuer import DECLARED

SAN = "reports.example.org"
ANALYST = frozenset({"analyst"})
CERTIFIED = (
    Certified(
        kind="DNS", san=SAN, name="reports", roles=ANALYST, attributes={"region": ["eu"], "x": 1}
    ),
    Certified(kind="email", san="a@b.example", name="ada"),
)
REPORTS = Principal("reports", ANALYST, (("region", ("eu",)),))


def certificates(now: float = 0.0) -> Certificates:
    return Certificates(CERTIFIED, lambda: DECLARED, clock=lambda: now)


def test_one_name_of_its_kind_proves_a_principal() -> None:
    proven = certificates().verify(Presented((("DNS", SAN),), until=5.0))

    assert (proven.principal, proven.until, proven.key_id) == (REPORTS, 5.0, "")
    assert proven.principal.known_by == ("certificate", f"DNS:{SAN}")


@pytest.mark.parametrize(
    "names",
    [
        (),
        (("DNS", SAN), ("DNS", SAN)),
        (("DNS", SAN), ("IP Address", "127.0.0.1")),
        (("DNS", "other.example.org"), ("DNS", SAN)),
        (("URI", SAN),),
        (("email", SAN),),
        (("dns", SAN),),
        (("DNS", SAN.upper()),),
        (("DNS", f"{SAN}."),),
        (("DNS", f"{SAN}\0"),),
        (("DNS", "*.example.org"),),
        (("DNS", ""),),
        (("DirName", "reports"),),
    ],
)
def test_anything_else_proves_nobody(names: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(AuthenticationFailed):
        certificates().verify(Presented(names))


def test_a_certificate_proves_nobody_from_its_end_on() -> None:
    presented = Presented((("DNS", SAN),), until=5.0)

    assert certificates(4.9).verify(presented).principal == REPORTS
    with pytest.raises(AuthenticationFailed):
        certificates(5.0).verify(presented)


def test_a_certificate_proves_nobody_once_its_ca_is_replaced() -> None:
    context = ClientContext(ssl.PROTOCOL_TLS_SERVER)
    presented = Presented((("DNS", SAN),), context=context)
    before = certificates().verify(presented).principal
    context.is_replaced = True

    assert before == REPORTS
    with pytest.raises(AuthenticationFailed):
        certificates().verify(presented)


def test_a_name_without_its_kind_is_compared_by_its_text() -> None:
    assert presented_as(SAN.encode()) == Presented(((ANY_KIND, SAN),))
    assert certificates().verify(presented_as(SAN.encode())).principal == REPORTS
    assert certificates().verify(presented_as(b"a@b.example")).principal == Principal("ada")
    for each in (b"", b"*.example.org", SAN.encode() + b"\0", "é".encode(), b"reports"):
        with pytest.raises(AuthenticationFailed):
            certificates().verify(presented_as(each))


class Connection:
    """A connection over TLS, as far as it is asked of its certificate."""

    def __init__(self, told: Mapping[str, Any] | None) -> None:
        self._told = told
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def getpeercert(self) -> Mapping[str, Any] | None:
        if self._told == {"unreadable": True}:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text")
        return self._told


def over(told: Mapping[str, Any] | None) -> Presented | None:
    return presented_over(cast("ssl.SSLObject", Connection(told)))


def test_a_connection_tells_names_and_end() -> None:
    told = over({"subjectAltName": (("DNS", SAN),), "notAfter": "Nov 29 01:26:20 2026 GMT"})

    assert told is not None
    assert (told.names, told.until) == ((("DNS", SAN),), 1795915580.0)


def test_whoever_shows_none_has_none() -> None:
    assert (over(None), presented_over(None)) == (None, None)


@pytest.mark.parametrize("told", [{}, {"unreadable": True}, {"notAfter": "soon"}])
def test_a_certificate_that_cannot_be_read_has_no_names(told: Mapping[str, Any]) -> None:
    found = over(told)

    assert found is not None
    assert found.names == ()


def test_a_certificate_without_a_name_has_none_whatever_its_subject() -> None:
    subject = ((("commonName", SAN),),)
    found = over({"subject": subject, "notAfter": "Nov 29 01:26:20 2026 GMT"})

    assert found is not None
    assert (found.names, found.until > time.time() - 1e9) == ((), True)
