"""What a project and its operator say of identity -> the identity that a server asks."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.identity.auth_settings import AuthSettings, Issuer
from gateway.identity.certificates import Certificates
from gateway.identity.identify import DEMO, Identity, Verifier, Ways
from gateway.identity.key_store import KeyStore
from gateway.identity.proven import Declared
from semantic_models.errors import SettingRejected


def open_identity(auth: AuthSettings, declared: Declared, *, anonymous: bool) -> Identity:
    """The identity of a server.

    Raises:
        SettingRejected: nobody could prove who they are, or the keys cannot be read.
    """
    if not auth.is_configured and not anonymous:
        raise SettingRejected(
            "nobody could prove who they are: the project has no credentials",
            hint='Write "auth" into forebay.yml, or serve everybody on this machine with '
            "--anonymous.",
        )
    certificates = auth.certificates
    ways = Ways(
        keys=KeyStore(auth.keys) if auth.keys else None,
        tokens=_tokens(auth.issuers, declared) if auth.issuers else None,
        certificates=Certificates(certificates.certified, declared) if certificates else None,
    )
    return Identity(ways, anonymous=DEMO if anonymous else None, declared=declared)


def _tokens(issuers: Sequence[Issuer], declared: Declared) -> Verifier:
    try:
        from gateway.identity.tokens import Tokens
    except ImportError as error:
        raise SettingRejected(
            "tokens of issuers need a package that is not installed",
            hint='Install it: `pip install "forebay[jwt]"`.',
        ) from error
    return Tokens(issuers, declared)
