"""The part ``auth.certificates`` of a project, its references put in and each value checked."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from auth.api_keys import NAME
from auth.policy import AttributeType
from auth.typed_attributes import typed_attribute
from gateway.references import expanded
from semantic_models.errors import SettingRejected, UnknownName, WrongType
from semantic_models.faults import Faults
from semantic_models.spec import CertificatesSpec, CertifiedSpec, Scalar

SAN_MAX = 253
KINDS = {"dns": "DNS", "uri": "URI", "email": "email"}
"""Kinds of names as a project writes them, and as OpenSSL tells them."""

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
_FORMS: Mapping[str, re.Pattern[str]] = {
    "dns": re.compile(rf"{_LABEL}(\.{_LABEL})*", re.ASCII),
    "uri": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+", re.ASCII),
    "email": re.compile(r"[!-)+-9;-?A-~]+@[!-)+-9;-?A-~]+"),
}
"""No text has two of these forms: Flight tells the text of a name, and not its kind."""
_EXAMPLES = {
    "dns": "reports.example.org",
    "uri": "spiffe://example.org/reports",
    "email": "reports@example.org",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """Whom a certificate with one name proves."""

    kind: str
    """``DNS``, ``URI`` or ``email``."""
    san: str
    """The name, letter by letter."""
    name: str
    roles: frozenset[str] = frozenset()
    attributes: Mapping[str, object] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSettings:
    """Whose certificates are believed, and whom they prove."""

    ca: Path
    """The certificates, as PEM, of those who issue clients' ones."""
    issues_one_san: bool = False
    """Whether the operator vouches that each has exactly one name, as Flight has to rely on."""
    certified: tuple[Certified, ...] = ()


def certificate_settings(
    spec: CertificatesSpec, declared: Mapping[str, AttributeType], folder: Path, faults: Faults
) -> CertificateSettings | None:
    """What a project says of certificates, every fault told."""
    made = [faults.attempt(partial(_certified, each, declared, folder)) for each in spec.principals]
    found: dict[tuple[str, str], Certified] = {}
    for each, written in zip(made, spec.principals, strict=True):
        if each is None:
            continue
        if (each.kind, each.san) in found:
            faults.add(
                SettingRejected(
                    f'the name "{written.san.text}" stands for two principals',
                    hint="Keep one of them; a certificate proves one principal.",
                    position=written.san.position(),
                )
            )
        found[each.kind, each.san] = each
    ca = faults.attempt(lambda: folder / expanded(spec.ca, folder))
    if ca is None:
        return None
    return CertificateSettings(
        ca=ca, issues_one_san=spec.issues_one_san, certified=tuple(found.values())
    )


def _certified(
    spec: CertifiedSpec, declared: Mapping[str, AttributeType], folder: Path
) -> Certified:
    return Certified(
        kind=KINDS[spec.kind],
        san=_san(spec, folder),
        name=_name(spec.principal or spec.name, folder),
        roles=frozenset(expanded(each, folder) for each in spec.roles),
        attributes={
            name.text: _attribute(name, value, declared, folder) for name, value in spec.attributes
        },
        scopes=frozenset(expanded(each, folder) for each in spec.scopes),
    )


def _san(spec: CertifiedSpec, folder: Path) -> str:
    """A name that stands for itself alone: neither a pattern nor an address."""
    san = expanded(spec.san, folder)
    if len(san) > SAN_MAX or not _FORMS[spec.kind].fullmatch(san) or _is_address(san):
        raise SettingRejected(
            f'"{spec.san.text[:SAN_MAX]}" is no name of the kind {spec.kind}',
            detail="It is compared letter by letter, so that a pattern would name nobody.",
            hint=f'Write the name as the certificate has it, such as "{_EXAMPLES[spec.kind]}".',
            position=spec.san.position(),
        )
    return san


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _name(written: Scalar, folder: Path) -> str:
    name = expanded(written, folder)
    if not NAME.fullmatch(name):
        raise SettingRejected(
            f'"{written.text}" is no name of a principal',
            hint="Write letters, digits and _.@- only, a letter or a digit first.",
            position=written.position(),
        )
    return name


def _attribute(
    name: Scalar,
    written: Scalar | tuple[Scalar, ...],
    declared: Mapping[str, AttributeType],
    folder: Path,
) -> object:
    """An attribute of the type that the project declares; a missing one would deny at best."""
    if name.text not in declared:
        raise UnknownName.of("attribute", name.text, sorted(declared)).at(name.position())
    if isinstance(written, Scalar):
        value: object = _value(written, folder)
    else:
        value = [_value(each, folder) for each in written]
    if typed_attribute(value, declared[name.text]) is None:
        told = declared[name.text].type.kind.value
        raise WrongType(
            f'attribute "{name.text}" is declared as {told}, and given something else',
            hint="Write a value of that type, and a list in brackets where it is one.",
            position=(written if isinstance(written, Scalar) else name).position(),
        )
    return value


def _value(written: Scalar, folder: Path) -> object:
    return expanded(written, folder) if isinstance(written.value, str) else written.value
