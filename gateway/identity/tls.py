"""The certificate of a server, and who may listen where."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path

from semantic_models.errors import SettingRejected


@dataclass(frozen=True, slots=True)
class TlsPaths:
    """Where the files of a server's TLS are."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    """None where clients are not asked for certificates."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate with its chain, and its key, as their files have them."""

    certificate: str
    key: str = field(repr=False)
    client_ca: str = ""
    """Who issues clients' certificates; empty where these are not asked for any."""

    @property
    def own(self) -> TlsFiles:
        """The same for a port that asks no client for a certificate."""
        return replace(self, client_ca="")


def read_tls(paths: TlsPaths) -> TlsFiles:
    """A certificate and its key, which belong together, and the CA of clients.

    Raises:
        SettingRejected: they do not, or cannot be read.
    """
    certificate, key = paths.certificate, paths.key
    try:
        files = TlsFiles(certificate.read_text("ascii"), key.read_text("ascii"))
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        # Of what fails OpenSSL tells a number; a key that is locked by a password fails too.
        raise SettingRejected(
            f'"{certificate.name}" and "{key.name}" are no certificate and its key',
            hint="Name PEM files that belong together, the key without a password.",
        ) from error
    return replace(files, client_ca=_read_ca(paths.client_ca)) if paths.client_ca else files


def _read_ca(path: Path) -> str:
    try:
        held = path.read_text("ascii")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_verify_locations(cadata=held)
        if not context.cert_store_stats()["x509_ca"]:
            raise ValueError("nobody there issues certificates")
    except (OSError, ValueError) as error:
        raise SettingRejected(
            f'"{path.name}" holds no CA that issues certificates of clients',
            hint="Name in auth.certificates.ca a PEM file of the CA itself, not of a client.",
        ) from error
    return held


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host_allowed(host: str, *, anonymous: bool, has_tls: bool) -> None:
    """Other machines are listened to only where they prove who they are, and over TLS.

    Raises:
        SettingRejected: they would not.
    """
    if is_loopback(host):
        return
    if anonymous:
        raise SettingRejected(
            f'host "{host}" is not a loopback address',
            detail="With --anonymous, whoever reaches a port may ask.",
            hint="Leave out one of --host and --anonymous.",
        )
    if not has_tls:
        raise SettingRejected(
            f'host "{host}" is not a loopback address, and there is no TLS',
            detail="Keys and tokens would be sent in the clear.",
            hint="Name a certificate with --tls-cert and --tls-key.",
        )
