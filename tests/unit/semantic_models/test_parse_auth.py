"""The part ``auth`` of forebay.yml as its author wrote it."""

from __future__ import annotations

import pytest

from semantic_models.parse_spec import parse_project
from semantic_models.spec import AuthSpec

HEAD = "version: 1\nname: shop\n"
ISSUER = "url: https://idp.example, alg: RS256, typ: at+jwt, audience: forebay"


def parsed(text: str) -> tuple[AuthSpec | None, list[tuple[str, int, int]]]:
    """The part, and where its faults are."""
    spec, faults = parse_project({"forebay.yml": HEAD + text})
    places = [(each.code, each.position) for each in faults]
    found = [(code, at.line, at.column) for code, at in places if at is not None]
    assert spec is not None
    assert len(found) == len(faults)
    return spec.auth, found


def test_a_project_without_the_part_has_none() -> None:
    assert parsed("") == (None, [])


def test_every_key_is_read() -> None:
    more = "azp: [a, b], jwks: https://idp.example/k, claims: {region: r}, roles: g"
    rest = "map_roles: {x-1: analyst}, scopes: scope, allow_private: true"
    auth, faults = parsed(
        f"auth: {{state: s, pepper: p, issuers: {{corp: {{{ISSUER}, {more}, {rest}}}}}}}"
    )

    assert auth is not None
    (issuer,) = auth.issuers
    files = [each.text for each in (auth.state, auth.pepper) if each]
    assert (files, faults, issuer.allow_private) == (["s", "p"], [], True)
    assert [each.text for each in (*issuer.typ, *issuer.audience, *issuer.azp)] == [
        "at+jwt",
        "forebay",
        "a",
        "b",
    ]
    pairs = [(name.text, text.text) for name, text in (*issuer.claims, *issuer.map_roles)]
    assert pairs == [("region", "r"), ("x-1", "analyst")]
    assert [each.text for each in (issuer.jwks, issuer.roles, issuer.scopes) if each] == [
        "https://idp.example/k",
        "g",
        "scope",
    ]


CERTIFIED = "roles: analyst, attributes: {level: 3, regions: [eu, us]}, scopes: [a, b]"


def test_every_key_of_certificates_is_read() -> None:
    one = f"one: {{dns: a.example, name: ada, {CERTIFIED}}}"
    auth, faults = parsed(
        f"auth: {{certificates: {{ca: ca.pem, issues_one_san: true, principals: {{{one}, "
        "two: {uri: 'a:b'}, three: {email: a@b}}}}"
    )

    assert auth is not None
    found = auth.certificates
    assert found is not None
    first, *others = found.principals
    assert (found.ca.text, found.issues_one_san, faults) == ("ca.pem", True, [])
    assert [(each.kind, each.san.text, each.principal) for each in others] == [
        ("uri", "a:b", None),
        ("email", "a@b", None),
    ]
    assert first.principal is not None
    assert (first.kind, first.san.text, first.principal.text) == ("dns", "a.example", "ada")
    (_, level), (_, regions) = first.attributes
    assert not isinstance(level, tuple)
    assert isinstance(regions, tuple)
    assert (level.value, [each.text for each in regions]) == (3, ["eu", "us"])
    assert [each.text for each in (*first.roles, *first.scopes)] == ["analyst", "a", "b"]


def test_nobody_vouches_where_it_is_not_said() -> None:
    auth, _ = parsed("auth: {certificates: {ca: c, principals: {one: {dns: a}}}}")

    assert auth is not None
    assert auth.certificates is not None
    assert auth.certificates.issues_one_san is False


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("auth: yes", [("SL103", 3, 7)]),
        ("auth: []", [("SL103", 3, 7)]),
        ("auth: {state: s}", [("SL204", 3, 15)]),
        ("auth: {pepper: p}", [("SL204", 3, 16)]),
        ("auth: {keys: s}", [("SL102", 3, 8)]),
        ("auth: {issuers: {corp: {}}}", [("SL103", 3, 18)] * 4),
        (f"auth: {{issuers: {{corp: {{{ISSUER}, algo: a}}}}}}", [("SL102", 3, 95)]),
        (f"auth: {{issuers: {{corp: {{{ISSUER}, allow_private: 1}}}}}}", [("SL103", 3, 110)]),
        (f"auth: {{issuers: {{a b: {{{ISSUER}}}}}}}", [("SL103", 3, 18)]),
        ("auth: {certificates: ca.pem}", [("SL103", 3, 22)]),
        ("auth: {certificates: {ca: c}}", [("SL103", 3, 22)]),
        ("auth: {certificates: {principals: {}}}", [("SL103", 3, 22)]),
        ("auth: {certificates: {ca: c, principals: {}, cn: a}}", [("SL102", 3, 46)]),
        ("auth: {certificates: {ca: c, principals: {a: {}}}}", [("SL103", 3, 43)]),
        ("auth: {certificates: {ca: c, principals: {a: {cn: b}}}}", [("SL102", 3, 47)]),
        ("auth: {certificates: {ca: c, principals: {a: {dns: b, uri: c}}}}", [("SL103", 3, 55)]),
        ("auth: {certificates: {ca: c, principals: {a: {dns: [b, c]}}}}", [("SL103", 3, 52)]),
        (
            "auth: {certificates: {ca: c, principals: {a: {dns: b, attributes: [c]}}}}",
            [("SL103", 3, 67)],
        ),
    ],
)
def test_every_fault_of_form_is_told_at_its_place(
    text: str, places: list[tuple[str, int, int]]
) -> None:
    assert parsed(text)[1] == places
