"""What an operator and a project say of TLS -> what a server's ports speak it with."""

from __future__ import annotations

from dataclasses import replace

from gateway.identity.certificate_settings import CertificateSettings
from gateway.identity.client_contexts import HttpTls
from gateway.identity.tls import TlsPaths, read_tls
from gateway.settings import Settings
from semantic_models.errors import SettingRejected


def tls_paths(settings: Settings) -> TlsPaths | None:
    """The files of a server's TLS; None where its ports speak without.

    Raises:
        SettingRejected: it is named a certificate or a key alone, or they are none.
    """
    if settings.tls_cert is not None and settings.tls_key is not None:
        paths = TlsPaths(settings.tls_cert, settings.tls_key)
        read_tls(paths)
        return paths
    if settings.tls_cert is not settings.tls_key:
        raise SettingRejected(
            "TLS needs both a certificate and its key", hint="Name --tls-cert and --tls-key."
        )
    return None


def open_tls(
    paths: TlsPaths | None, certificates: CertificateSettings | None, settings: Settings
) -> HttpTls | None:
    """What a server speaks TLS with, and whose certificates it asks its clients for.

    Raises:
        SettingRejected: certificates could prove nobody, or somebody else.
    """
    if settings.flight_mtls_port is not None:
        _check_flight(certificates)
    needs_tls = settings.flight_mtls_port is not None or not settings.anonymous
    if certificates is not None and paths is None and needs_tls:
        raise SettingRejected(
            "certificates prove who asks over TLS alone, and there is none",
            hint="Name a certificate of the server with --tls-cert and --tls-key.",
        )
    if paths is None:
        return None
    if certificates is not None:
        paths = replace(paths, client_ca=certificates.ca)
    return HttpTls(paths, read_tls(paths))


def _check_flight(certificates: CertificateSettings | None) -> None:
    if certificates is None:
        raise SettingRejected(
            "the Flight port for certificates has none that prove anybody",
            hint="Write auth.certificates into forebay.yml, or leave out --flight-mtls-port.",
        )
    if not certificates.issues_one_san:
        raise SettingRejected(
            "nobody vouches that certificates have exactly one name",
            detail="Flight tells the first name of a certificate, or its common name where it has "
            "none: one with another name could pass for somebody else.",
            hint='Write "issues_one_san: true" into auth.certificates once the CA keeps to it, or '
            "leave out --flight-mtls-port.",
        )
