"""The part ``auth`` of a project, its references put in and each value checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from auth.typed_attributes import declared_attributes
from gateway.identity.certificate_settings import CertificateSettings, certificate_settings
from gateway.references import expanded
from semantic_models.errors import SettingRejected, UnknownName, WrongType, did_you_mean
from semantic_models.faults import Faults
from semantic_models.spec import AuthSpec, IssuerSpec, ProjectSpec, Scalar

ALGORITHMS = ("RS256", "ES256", "EdDSA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Whose tokens are believed, and what of them."""

    name: str
    url: str
    """What ``iss`` must be, letter by letter."""
    alg: str
    """The one algorithm of its signatures, whatever a token's header says."""
    typs: frozenset[str]
    """The accepted kinds of tokens, in small letters."""
    audiences: tuple[str, ...]
    """Of which a token must name one."""
    azps: frozenset[str] = frozenset()
    """The clients that a token may be made for; where there are none, all."""
    jwks_url: str | None = None
    """Where its keys are; None: where its own configuration says."""
    claims: tuple[tuple[str, str], ...] = ()
    """Pairs of an attribute and the claim that holds it; other claims are dropped."""
    roles_claim: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Roles by the values that mean them; where it is empty, the values are roles themselves."""
    scopes_claim: str = ""
    allow_private: bool = False
    """Whether it may be at a private address, or on this machine without TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFiles:
    """Where keys are kept."""

    state: Path
    pepper: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """How whoever asks proves who they are."""

    keys: KeyFiles | None = None
    issuers: tuple[Issuer, ...] = ()
    certificates: CertificateSettings | None = None

    @property
    def is_configured(self) -> bool:
        """Whether there is any way to prove it."""
        ways = (self.keys, self.certificates)
        return bool(self.issuers) or any(each is not None for each in ways)


def auth_settings(project: ProjectSpec, folder: Path, faults: Faults) -> AuthSettings:
    """What a project says of identity, every fault told."""
    spec = project.auth or AuthSpec()
    declared = frozenset(each.name.text for each in project.attributes)
    made = [faults.attempt(partial(_issuer, each, declared, folder)) for each in spec.issuers]
    issuers: dict[str, Issuer] = {}
    for each, written in zip(made, spec.issuers, strict=True):
        if each is None:
            continue
        if each.url in issuers:
            faults.add(
                SettingRejected(
                    f'issuers "{issuers[each.url].name}" and "{each.name}" have one url',
                    hint="Keep one of them; a token tells its issuer by this alone.",
                    position=written.url.position(),
                )
            )
        issuers[each.url] = each
    keys = faults.attempt(partial(_key_files, spec, folder))
    certificates = None
    if spec.certificates is not None:
        types = declared_attributes(project.attributes)
        certificates = certificate_settings(spec.certificates, types, folder, faults)
    return AuthSettings(keys=keys, issuers=tuple(issuers.values()), certificates=certificates)


def _key_files(spec: AuthSpec, folder: Path) -> KeyFiles | None:
    if spec.state is None or spec.pepper is None:
        return None
    return KeyFiles(
        state=folder / expanded(spec.state, folder), pepper=folder / expanded(spec.pepper, folder)
    )


def _issuer(spec: IssuerSpec, declared: frozenset[str], folder: Path) -> Issuer:
    for attribute, _ in spec.claims:
        if attribute.text not in declared:
            raise UnknownName.of("attribute", attribute.text, sorted(declared)).at(
                attribute.position()
            )
    jwks = _address(spec.jwks, spec, folder) if spec.jwks else None
    return Issuer(
        name=spec.name.text,
        url=_address(spec.url, spec, folder),
        alg=_algorithm(spec.alg),
        typs=frozenset(each.lower() for each in _some(spec.typ, spec, "typ", folder)),
        audiences=_some(spec.audience, spec, "audience", folder),
        azps=frozenset(expanded(each, folder) for each in spec.azp),
        jwks_url=jwks,
        claims=tuple((name.text, expanded(claim, folder)) for name, claim in spec.claims),
        roles_claim=expanded(spec.roles, folder) if spec.roles else "",
        roles={value.text: expanded(role, folder) for value, role in spec.map_roles},
        scopes_claim=expanded(spec.scopes, folder) if spec.scopes else "",
        allow_private=spec.allow_private,
    )


def _algorithm(written: Scalar) -> str:
    if written.text not in ALGORITHMS:
        raise WrongType(
            f'"{written.text}" is no algorithm of an issuer',
            hint=did_you_mean(written.text, ALGORITHMS) or f"Write one of {', '.join(ALGORITHMS)}.",
            position=written.position(),
        )
    return written.text


def _some(values: tuple[Scalar, ...], spec: IssuerSpec, key: str, folder: Path) -> tuple[str, ...]:
    """The values of a key that must have some."""
    if not values:
        raise WrongType(
            f'key "{key}" of issuer "{spec.name.text}" is empty',
            hint="Write what its tokens say, and no more.",
            position=spec.name.position(),
        )
    return tuple(expanded(each, folder) for each in values)


def _address(written: Scalar, spec: IssuerSpec, folder: Path) -> str:
    """An address that may be asked; whether it is a private one is seen when it is."""
    address = expanded(written, folder)
    try:
        parts = urlsplit(address)
        is_plain = parts.username is None and not parts.fragment and bool(parts.hostname)
        is_plain = is_plain and parts.port != 0
    except ValueError:
        parts, is_plain = None, False
    schemes = ("https", "http") if spec.allow_private else ("https",)
    if parts is None or not is_plain or parts.scheme not in schemes:
        raise SettingRejected(
            f'issuer "{spec.name.text}" has an address that is not asked',
            hint='Write it as "https://..."; with allow_private, this machine may do without TLS.',
            position=written.position(),
        )
    return address
