"""The part ``auth`` of forebay.yml -> its spec."""

from __future__ import annotations

from collections.abc import Iterator

from semantic_models.errors import SettingRejected
from semantic_models.faults import Faults
from semantic_models.read_members import Section, members_of
from semantic_models.spec import AuthSpec, CertificatesSpec, CertifiedSpec, IssuerSpec, Scalar
from semantic_models.spec_fields import Fields, Place, must, read_fields
from semantic_models.spec_keys import AUTH, CERTIFICATES, CERTIFIED, ISSUER, SAN_KINDS


def auth_of(root: Fields, faults: Faults) -> Iterator[AuthSpec]:
    """How whoever asks proves who they are, where the project says so."""
    node = root.nodes.get("auth")
    if node is None:
        return
    fields = read_fields(AUTH, node, Place('part "auth"', node), faults.found)
    if fields is None:
        return
    state, pepper = fields.scalar("state"), fields.scalar("pepper")
    alone = (state or pepper) if (state is None) != (pepper is None) else None
    if alone is not None:
        faults.add(
            SettingRejected(
                "keys need both a state file and a pepper",
                hint='Write "state" and "pepper", such as .forebay/keys.json and .forebay/pepper.',
                position=alone.position(),
            )
        )
    issuers = members_of(fields, Section(ISSUER, "issuers", _issuer), faults)
    certificates = _certificates(fields, faults)
    yield AuthSpec(state=state, pepper=pepper, issuers=issuers, certificates=certificates)


def _certificates(auth: Fields, faults: Faults) -> CertificatesSpec | None:
    node = auth.nodes.get("certificates")
    if node is None:
        return None
    fields = read_fields(CERTIFICATES, node, Place('part "certificates"', node), faults.found)
    if fields is None or not fields.is_whole:
        return None
    return CertificatesSpec(
        ca=must(fields, "ca"),
        issues_one_san=fields.truth("issues_one_san", default=False),
        principals=members_of(fields, Section(CERTIFIED, "principals", _certified), faults),
    )


def _certified(name: Scalar, fields: Fields, _: Faults) -> CertifiedSpec:
    kind = next(each for each in SAN_KINDS if each in fields.nodes)
    return CertifiedSpec(
        name=name,
        kind=kind,
        san=must(fields, kind),
        principal=fields.scalar("name"),
        roles=fields.columns("roles"),
        attributes=fields.values("attributes"),
        scopes=fields.columns("scopes"),
    )


def _issuer(name: Scalar, fields: Fields, _: Faults) -> IssuerSpec:
    return IssuerSpec(
        name=name,
        url=must(fields, "url"),
        alg=must(fields, "alg"),
        typ=fields.columns("typ"),
        audience=fields.columns("audience"),
        azp=fields.columns("azp"),
        jwks=fields.scalar("jwks"),
        claims=fields.texts("claims"),
        roles=fields.scalar("roles"),
        map_roles=fields.texts("map_roles"),
        scopes=fields.scalar("scopes"),
        allow_private=fields.truth("allow_private", default=False),
    )
