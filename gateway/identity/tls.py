"""The certificate of a server, and who may listen where."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from semantic_models.errors import SettingRejected


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate with its chain, and its key, as their files have them."""

    certificate: str
    key: str


def read_tls(certificate: Path, key: Path) -> TlsFiles:
    """A certificate and its key, which belong together.

    Raises:
        SettingRejected: they do not, or cannot be read.
    """
    try:
        files = TlsFiles(certificate.read_text("ascii"), key.read_text("ascii"))
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        # Of what fails OpenSSL tells a number; a key that is locked by a password fails too.
        raise SettingRejected(
            f'"{certificate.name}" and "{key.name}" are no certificate and its key',
            hint="Name PEM files that belong together, the key without a password.",
        ) from error
    return files


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
