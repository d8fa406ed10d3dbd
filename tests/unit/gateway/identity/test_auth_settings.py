"""The part ``auth`` with what its references stand for."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.identity.auth_settings import AuthSettings, KeyFiles, auth_settings
from semantic_models.errors import ForebayError
from semantic_models.faults import Faults
from semantic_models.parse_spec import read_project

HEAD = "version: 1\nname: shop\nattributes: {region: string}\n"
ISSUER = "url: https://idp.example, alg: RS256, typ: [AT+JWT, jwt], audience: forebay"


def settled(text: str, folder: Path) -> tuple[AuthSettings, tuple[ForebayError, ...]]:
    faults = Faults()
    spec = read_project({"forebay.yml": HEAD + text}, faults)
    return auth_settings(spec, folder, faults), faults.in_order()


def test_a_project_without_the_part_has_no_credentials(tmp_path: Path) -> None:
    found, faults = settled("", tmp_path)

    assert (found, faults, found.is_configured) == (AuthSettings(), (), False)


def test_references_are_put_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYS", "secrets")
    monkeypatch.setenv("IDP", "https://login.example")
    (tmp_path / "audience").write_text("forebay-live\n")
    issuer = "url: '${IDP}', alg: ES256, typ: at+jwt, audience: '${file:audience}'"
    found, faults = settled(
        f"auth: {{state: '${{KEYS}}/keys.json', pepper: p, issuers: {{corp: {{{issuer}}}}}}}",
        tmp_path,
    )
    (corp,) = found.issuers

    assert faults == ()
    assert found.keys == KeyFiles(state=tmp_path / "secrets/keys.json", pepper=tmp_path / "p")
    assert (corp.url, corp.audiences) == ("https://login.example", ("forebay-live",))
    assert (corp.alg, corp.typs) == ("ES256", frozenset({"at+jwt"}))


def test_kinds_of_tokens_are_compared_in_small_letters(tmp_path: Path) -> None:
    found, _ = settled(f"auth: {{issuers: {{corp: {{{ISSUER}}}}}}}", tmp_path)

    assert found.issuers[0].typs == frozenset({"at+jwt", "jwt"})


@pytest.mark.parametrize(
    ("changed", "to", "code"),
    [
        ("alg: RS256", "alg: HS256", "SL103"),
        ("alg: RS256", "alg: none", "SL103"),
        ("alg: RS256", "alg: rs256", "SL103"),
        ("typ: [AT+JWT, jwt]", "typ: []", "SL103"),
        ("audience: forebay", "audience: []", "SL103"),
        ("audience: forebay", "audience: '${NOT_SET_AT_ALL}'", "SL204"),
        ("audience: forebay", "audience: a, claims: {level: l}", "E_NAME_NOT_FOUND"),
        ("https:", "http:", "SL204"),
        ("https:", "file:", "SL204"),
        ("https://idp", "https://ada:lovelace@idp", "SL204"),
        ("https://idp.example", "https://", "SL204"),
        ("https://idp.example", "'https://idp.example#a'", "SL204"),
        ("https://idp.example", "'https://idp.example:a'", "SL204"),
        ("https://idp.example", "idp.example", "SL204"),
        ("audience: forebay", "audience: a, jwks: 'http://127.0.0.1/k'", "SL204"),
    ],
)
def test_what_cannot_be_safe_is_refused_at_its_place(
    tmp_path: Path, changed: str, to: str, code: str
) -> None:
    right = f"auth: {{issuers: {{corp: {{{ISSUER}}}}}}}"
    wrong = right.replace(changed, to)
    assert (settled(right, tmp_path)[1], wrong == right) == ((), False)
    found, faults = settled(wrong, tmp_path)

    assert [(each.code, each.position is not None) for each in faults] == [(code, True)]
    assert found.issuers == ()


def test_this_machine_may_do_without_tls_where_it_is_said(tmp_path: Path) -> None:
    told = "jwks: 'http://127.0.0.1/k', allow_private: true"
    found, faults = settled(f"auth: {{issuers: {{corp: {{{ISSUER}, {told}}}}}}}", tmp_path)

    assert (faults, found.issuers[0].jwks_url) == ((), "http://127.0.0.1/k")


def test_two_issuers_of_one_url_are_refused(tmp_path: Path) -> None:
    _, faults = settled(f"auth: {{issuers: {{a: {{{ISSUER}}}, b: {{{ISSUER}}}}}}}", tmp_path)

    assert [each.message for each in faults] == ['issuers "a" and "b" have one url']
