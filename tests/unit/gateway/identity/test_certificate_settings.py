"""The part ``auth.certificates`` with what its references stand for."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.identity.certificate_settings import Certified
from tests.unit.gateway.identity.test_auth_settings import settled

HEAD = "attributes: {level: integer, regions: {type: string, list: true}, since: date}\n"
RIGHT = """\
auth:
  certificates:
    ca: ca.pem
    principals:
      reports: {dns: reports.example.org, attributes: {level: 3, regions: [eu], since: 2024-01-31}}
      other: {uri: "spiffe://example.org/a?b=c", name: ada@example.org, roles: [a, b], scopes: s}
"""


@pytest.fixture(autouse=True)
def _attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tests.unit.gateway.identity.test_auth_settings.HEAD", "version: 1\nname: shop\n" + HEAD
    )


def test_certificates_are_read(tmp_path: Path) -> None:
    found, faults = settled(RIGHT, tmp_path)

    assert (faults, found.is_configured) == ((), True)
    assert found.certificates is not None
    assert (found.certificates.ca, found.certificates.issues_one_san) == (
        tmp_path / "ca.pem",
        False,
    )
    assert found.certificates.certified == (
        Certified(
            kind="DNS",
            san="reports.example.org",
            name="reports",
            attributes={"level": 3, "regions": ["eu"], "since": "2024-01-31"},
        ),
        Certified(
            kind="URI",
            san="spiffe://example.org/a?b=c",
            name="ada@example.org",
            roles=frozenset({"a", "b"}),
            scopes=frozenset({"s"}),
        ),
    )


def test_references_are_put_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOMAIN", "example.net")
    (tmp_path / "level").write_text("eu\n")
    text = RIGHT.replace("reports.example.org", "'reports.${DOMAIN}'")
    found, faults = settled(text.replace("[eu]", "['${file:level}']"), tmp_path)

    assert (faults, found.certificates is not None) == ((), True)
    assert found.certificates is not None
    first = found.certificates.certified[0]
    assert (first.san, first.attributes["regions"]) == ("reports.example.net", ["eu"])


SAN = "dns: reports.example.org"


@pytest.mark.parametrize(
    ("changed", "to", "code"),
    [
        (SAN, "dns: '*.example.org'", "SL204"),
        (SAN, "dns: '*'", "SL204"),
        (SAN, "dns: 'reports.*'", "SL204"),
        (SAN, "dns: 127.0.0.1", "SL204"),
        (SAN, "dns: '::1'", "SL204"),
        (SAN, "dns: reports.example.org.", "SL204"),
        (SAN, "dns: reports@example.org", "SL204"),
        (SAN, "dns: spiffe://a/b", "SL204"),
        (SAN, "dns: 'a b'", "SL204"),
        (SAN, "dns: réports.example", "SL204"),
        (SAN, "dns: '${NOT_SET_AT_ALL}'", "SL204"),
        (SAN, "dns: " + "a" * 254, "SL204"),
        (SAN, "uri: reports.example.org", "SL204"),
        (SAN, "uri: fe80::1", "SL204"),
        (SAN, "uri: 'a:'", "SL204"),
        (SAN, "uri: 'a: b'", "SL204"),
        (SAN, "email: reports.example.org", "SL204"),
        (SAN, "email: '*@example.org'", "SL204"),
        (SAN, "email: 'a@b@c'", "SL204"),
        (SAN, "email: 'mailto:a@b'", "SL204"),
        (SAN, "email: '@b'", "SL204"),
        (SAN, 'uri: "spiffe://example.org/a?b=c"', "SL204"),
        ("name: ada@example.org", "name: 'corp:ada'", "SL204"),
        ("name: ada@example.org", "name: 'a b'", "SL204"),
        ("level: 3", "grade: 3", "E_NAME_NOT_FOUND"),
        ("level: 3", "level: three", "SL103"),
        ("level: 3", "level: '3'", "SL103"),
        ("level: 3", "level: [3]", "SL103"),
        ("level: 3", "level: true", "SL103"),
        ("regions: [eu]", "regions: eu", "SL103"),
        ("regions: [eu]", "regions: [eu, 1]", "SL103"),
        ("since: 2024-01-31", "since: 2024-02-31", "SL103"),
        ("ca: ca.pem", "ca: '${NOT_SET_AT_ALL}'", "SL204"),
    ],
)
def test_what_cannot_be_safe_is_refused_at_its_place(
    tmp_path: Path, changed: str, to: str, code: str
) -> None:
    wrong = RIGHT.replace(changed, to, 1)
    assert (settled(RIGHT, tmp_path)[1], wrong == RIGHT) == ((), False)
    _, faults = settled(wrong, tmp_path)

    assert [(each.code, each.position is not None) for each in faults] == [(code, True)]
